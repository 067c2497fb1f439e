// SPDX-License-Identifier: MIT
// The Error Information log of one controller (NVMe base 2.0, 5.16.1.2): a ring of entries, and a
// number that counts all there ever were.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "emulator/archive.h"
#include "emulator/executor.h"
#include "spec/nvme.h"

namespace nvm::emulator {

constexpr size_t kErrorLogEntriesMax = 64;  // Identify ELPE + 1
constexpr uint16_t kNoIdentifier = 0xffff;  // SQID and CID of an error that no command had

// Whether a command that ends with this status leaves an entry behind. Outcomes that the host asked
// for (aborts, a Compare that differs) and states that pass by themselves are no errors.
bool is_logged(uint16_t status_field);

// Whether the status says that data was lost or did not pass its check.
bool is_media_error(uint16_t status_field);

class ErrorLog {
 public:
  // Takes the next number; the entry's own is ignored.
  void record(spec::ErrorLogEntry entry);
  // Of a command that ends with `status_field`.
  void record(uint16_t queue_id, const Command& command, uint16_t status_field, bool admin);

  // The newest first.
  std::vector<spec::ErrorLogEntry> entries() const;
  // How many there ever were; the number of the newest.
  uint64_t count() const { return count_; }

  template <class Archive>
  static void exchange(Archive& archive, auto& log) {
    archive.section(archive_tag("ERRL"), 1, [&](uint32_t) {
      archive.u64(log.count_);
      archive.bytes(bytes_of(log.ring_));
    });
  }

 private:
  static auto bytes_of(const std::array<spec::ErrorLogEntry, kErrorLogEntriesMax>& ring) {
    return std::as_bytes(std::span(ring));
  }
  static auto bytes_of(std::array<spec::ErrorLogEntry, kErrorLogEntriesMax>& ring) {
    return std::as_writable_bytes(std::span(ring));
  }

  std::array<spec::ErrorLogEntry, kErrorLogEntriesMax> ring_{};  // by number, modulo its size
  uint64_t count_ = 0;
};

}  // namespace nvm::emulator

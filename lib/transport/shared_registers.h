// SPDX-License-Identifier: MIT
// The registers of a device whose registers are messages, as memory that clients in other processes
// can map: what was read of them last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "platform/status.h"
#include "platform/unique_fd.h"
#include "transport/transport.h"

namespace nvm {

class SharedRegisters {
 public:
  // For a BAR with so many bytes of doorbells. ERR_MEMORY when the system has none to share.
  static Result<std::unique_ptr<SharedRegisters>> make(size_t doorbell_byte_length);
  ~SharedRegisters();
  SharedRegisters(const SharedRegisters&) = delete;
  SharedRegisters& operator=(const SharedRegisters&) = delete;

  // What the register at `offset`, of 4 or 8 bytes, is now.
  void store(uint32_t offset, uint64_t value, uint32_t byte_length);
  // The device has gone: from now on all of them read as all ones.
  void end();

  // A BAR of these registers, for reading only, and of doorbells that are at `offset` of `fd`.
  // `always_rung`: who has rung one calls ring_wake() each time.
  BarShare share(int doorbell_fd, uint64_t doorbell_offset, bool always_rung) const;

 private:
  SharedRegisters(UniqueFd file, std::byte* bytes, size_t doorbell_byte_length);

  const UniqueFd file_;
  std::byte* const bytes_;
  const size_t doorbell_byte_length_;
  std::mutex mutex_;  // guards what follows, and stores
  bool ended_ = false;
};

}  // namespace nvm

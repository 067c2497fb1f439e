// SPDX-License-Identifier: MIT
// A namespace: stores, the format of their blocks, a command set that executes on them, and a
// timing model or none.
#pragma once

#include <memory>
#include <vector>

#include "emulator/executor.h"
#include "emulator/interval_set.h"
#include "emulator/store.h"
#include "emulator/timing_model.h"

namespace nvm::emulator {

class Subsystem;

struct LbaFormat {
  uint32_t data_byte_length;
  uint16_t metadata_byte_length;
};

// By the number that Format NVM and FLBAS use.
inline constexpr LbaFormat kLbaFormats[] = {{512, 0}, {4096, 0}, {512, 8}, {4096, 8}};
constexpr uint8_t kLbaFormatCount = 4;

struct NamespaceFormat {
  uint8_t lba_format = 0;
  bool extended = false;          // the host's metadata follows each block's data (FLBAS bit 4)
  uint8_t protection_type = 0;    // 0: none, or 1 (DPS bits 2:0)
  bool protection_first = false;  // DPS bit 3; both mean the same with 8 bytes of metadata

  uint32_t data_byte_length() const { return kLbaFormats[lba_format].data_byte_length; }
  uint32_t metadata_byte_length() const { return kLbaFormats[lba_format].metadata_byte_length; }
};

struct Namespace {
  uint32_t id = 0;
  std::unique_ptr<Store> store;  // data, without metadata: a raw image
  // Null when the format has none. Protection information is stored inverted: zeroes, which is what
  // was never written and what was deallocated, are then all ones to the host, as they must be.
  std::unique_ptr<Store> metadata_store;
  NamespaceFormat format;
  IntervalSet uncorrectable;            // blocks that Write Uncorrectable marked
  std::vector<IntervalSet*> unmarking;  // what of these writes under way will make readable
  std::unique_ptr<TimingModel> timing;  // null: as fast as the machine
  std::unique_ptr<Executor> executor;

  // A status with which every I/O command ends while the namespace is being formatted or sanitized;
  // 0: it is available.
  uint16_t unavailable = 0;
  bool fused = false;      // a fused pair has it to itself: other commands wait
  uint32_t in_flight = 0;  // commands that have begun and not ended

  Subsystem* subsystem = nullptr;     // that it was added to
  uint64_t controllers = UINT64_MAX;  // that it is attached to: a bit for each controller id
  bool shared = true;                 // several controllers may attach it (NMIC)
  uint32_t generation = 0;            // tells namespaces apart that had the same id
  // The volatile write cache is off: a write is durable when it completes.
  bool write_through = false;
  uint8_t format_percent_left = 0;

  // By Namespace Write Protection; a store may be read-only besides.
  bool write_protected = false;

  bool protected_from_writes() const { return write_protected || store->read_only(); }
  // A block is its data, readable and cached: Read and Write are a copy and nothing else.
  bool plain() const {
    return (metadata_store == nullptr) & uncorrectable.empty() & !write_through;
  }
  // What its stores hold.
  uint64_t block_count() const;
  bool contains(uint64_t lba, uint64_t count) const {
    const uint64_t blocks = block_count();
    return lba < blocks && count <= blocks - lba;
  }
};

// A namespace with the NVM command set in `format`; `metadata_store` is null when that has no
// metadata.
std::unique_ptr<Namespace> make_nvm_namespace(std::unique_ptr<Store> store,
                                              std::unique_ptr<Store> metadata_store,
                                              const NamespaceFormat& format,
                                              std::unique_ptr<TimingModel> timing);
// In the format without metadata that has blocks of `lba_byte_length` bytes.
std::unique_ptr<Namespace> make_nvm_namespace(std::unique_ptr<Store> store,
                                              uint32_t lba_byte_length,
                                              std::unique_ptr<TimingModel> timing);

}  // namespace nvm::emulator

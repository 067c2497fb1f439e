// SPDX-License-Identifier: MIT
// What a queue may reach: regions of I/O addresses and the memory behind them. Consulted for every
// queue, list and data address. Changed only while the device is paused at a step boundary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nvm::emulator {

class RemoteMemory;

struct Region {
  uint64_t first;
  uint64_t byte_length;
  std::byte* bytes;  // null: reached only by messages
  bool may_fault;    // somebody else's mapping: copies run under the SIGBUS guard
  bool writable;
  RemoteMemory* remote = nullptr;  // of a region without `bytes`: how it is reached
};

class Domain {
 public:
  // False when it overlaps a region.
  bool add(const Region& region);
  // Exact match only; false when there is none.
  bool remove(uint64_t first, uint64_t byte_length);
  void clear();

  // The region that holds [address, address + byte_length), or null.
  const Region* find(uint64_t address, uint64_t byte_length) const {
    if (last_ < regions_.size()) {
      const Region& region = regions_[last_];
      if (address - region.first < region.byte_length &&
          byte_length <= region.byte_length - (address - region.first))
        return &region;
    }
    return search(address, byte_length);
  }

  // Grows with every change, so that a queue knows when an address it resolved must be resolved
  // again.
  uint64_t generation() const { return generation_; }

 private:
  const Region* search(uint64_t address, uint64_t byte_length) const;

  std::vector<Region> regions_;  // sorted by first
  mutable size_t last_ = 0;      // where the last search ended: most searches repeat
  uint64_t generation_ = 0;
};

}  // namespace nvm::emulator

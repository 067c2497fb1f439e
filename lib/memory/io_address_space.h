// SPDX-License-Identifier: MIT
// The one allocator of I/O addresses of a controller: every transport whose addresses we choose
// uses it, so that an address means the same to the owner and to every client.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "platform/status.h"

namespace nvm {

struct IoRange {
  uint64_t first;
  uint64_t byte_length;
};

class IoAddressSpace {
 public:
  // `aperture`: what the device can reach; `reserved`: holes in it (MSI windows, RMRR).
  explicit IoAddressSpace(std::vector<IoRange> aperture, std::vector<IoRange> reserved = {});

  // A free range of at least `byte_length` bytes whose start is a multiple of `alignment`.
  // ERR_MEMORY when the aperture is exhausted.
  Result<uint64_t> allocate(uint64_t byte_length, uint64_t alignment);
  // As allocate(), at or above `from`.
  Result<uint64_t> allocate_above(uint64_t from, uint64_t byte_length, uint64_t alignment);
  // Exactly this range. ERR_BUSY when any of it is taken or outside of the aperture.
  Status allocate_at(uint64_t first, uint64_t byte_length);
  void free(uint64_t first);

 private:
  std::map<uint64_t, uint64_t> free_;       // first → byte_length
  std::map<uint64_t, uint64_t> allocated_;  // first → byte_length
};

}  // namespace nvm

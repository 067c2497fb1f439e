// SPDX-License-Identifier: MIT
// Memory of a host: of several kinds, each a heap block of its own so that ASan sees a step beside
// it.
#pragma once

#include <array>
#include <cstdlib>
#include <cstring>

#include "emulator/domain.h"
#include "input.h"

namespace nvm::fuzz {

constexpr uint64_t kPageBytes = 4096;

// Memory that the controller may reach. Not all of it is whole pages.
struct HostRegion {
  uint64_t first;
  uint64_t byte_length;
  bool may_fault;
  bool writable;
};

constexpr HostRegion kHostRegions[] = {
    {0x40000000, 0x18000, false, true},         // queues, lists and data
    {0x40018000, 0x7140, false, true},          // its neighbour, elsewhere in memory
    {0x50000400, 0x3c00, true, true},           // copied under the SIGBUS guard
    {0x60000000, 0x3104, false, false},         // read-only
    {0xfffffffffffff000, 0x1000, false, true},  // the last page of all
};

// Regions of I/O addresses in a domain, and their memory, which is made once: fresh pages for each
// input would cost more than all the rest.
class HostMemory {
 public:
  explicit HostMemory(emulator::Domain& domain) {
    for (size_t i = 0; i < std::size(kHostRegions); i++) {
      const HostRegion& region = kHostRegions[i];
      memset(memory()[i], i == 1 ? 0x11 : 0, region.byte_length);
      domain.add(
          {region.first, region.byte_length, memory()[i], region.may_fault, region.writable});
    }
  }

  // Null unless all of it is in one region.
  std::byte* at(uint64_t address, uint64_t byte_length) {
    for (size_t i = 0; i < memory().size(); i++) {
      const uint64_t offset = address - kHostRegions[i].first;
      const uint64_t available = kHostRegions[i].byte_length;
      if (offset < available && byte_length <= available - offset) return memory()[i] + offset;
    }
    return nullptr;
  }

  // An address that may be good, or nearly good, or anything.
  static uint64_t address(Input& input) {
    const HostRegion& region = input.pick(kHostRegions);
    const uint64_t page_count = region.byte_length / kPageBytes + 1;
    const uint64_t page = (region.first + input.below(page_count) * kPageBytes) & ~(kPageBytes - 1);
    switch (input.below(8)) {
      case 0:
        return page + (input.u16() & 0xffc) % kPageBytes;
      case 1:
        return page - input.u8();
      case 2:
        return input.u64();
      default:
        return page;
    }
  }

 private:
  using Blocks = std::array<std::byte*, std::size(kHostRegions)>;

  static Blocks& memory() {
    static Blocks& blocks = *[] {
      auto* made = new Blocks;
      for (size_t i = 0; i < made->size(); i++) {
        (*made)[i] = static_cast<std::byte*>(malloc(kHostRegions[i].byte_length));
      }
      return made;
    }();
    return blocks;
  }
};

}  // namespace nvm::fuzz

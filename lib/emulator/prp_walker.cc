// SPDX-License-Identifier: MIT
#include "emulator/prp_walker.h"

#include <algorithm>

namespace nvm::emulator {
namespace {

constexpr uint64_t kOffsetMask = kPageBytes - 1;
constexpr uint64_t kEntryBytes = sizeof(uint64_t);
constexpr uint16_t kMisaligned = spec::status::invalid_prp_offset | spec::status::dnr;

uint16_t walk_lists(const Domain& domain, uint64_t list, uint64_t byte_length, Direction direction,
                    Transfer& transfer, HostLists* lists) {
  if (list % kEntryBytes != 0) return kMisaligned;
  uint64_t entries[kPageBytes / kEntryBytes];
  while (byte_length > 0) {
    const uint64_t needed = (byte_length + kPageBytes - 1) / kPageBytes;
    const uint64_t capacity = (kPageBytes - (list & kOffsetMask)) / kEntryBytes;
    // A list that does not suffice ends with the address of the next one.
    const bool chained = needed > capacity;
    const uint64_t pages = chained ? capacity - 1 : needed;
    const uint64_t count = chained ? capacity : needed;
    const uint16_t read = read_list(domain, list, entries, count * kEntryBytes, lists);
    if (read != spec::status::success) return read;
    for (uint64_t page = 0; page < pages; page++) {
      if (entries[page] & kOffsetMask) return kMisaligned;
      const uint64_t length = std::min(byte_length, kPageBytes);
      const uint16_t status = append_piece(domain, entries[page], length, direction, transfer);
      if (status != spec::status::success) return status;
      byte_length -= length;
    }
    if (chained) {
      list = entries[capacity - 1];
      if (list & kOffsetMask) return kMisaligned;
    }
  }
  return spec::status::success;
}

}  // namespace

uint16_t walk_prps(const Domain& domain, uint64_t prp1, uint64_t prp2, uint64_t byte_length,
                   Direction direction, Transfer& transfer, HostLists* lists) {
  transfer.clear();
  if (prp1 % sizeof(uint32_t) != 0) return kMisaligned;
  const uint64_t first = std::min(byte_length, kPageBytes - (prp1 & kOffsetMask));
  const uint16_t status = append_piece(domain, prp1, first, direction, transfer);
  if (status != spec::status::success) return status;
  const uint64_t rest = byte_length - first;
  if (rest == 0) return spec::status::success;
  if (rest > kPageBytes) return walk_lists(domain, prp2, rest, direction, transfer, lists);
  if (prp2 & kOffsetMask) return kMisaligned;
  return append_piece(domain, prp2, rest, direction, transfer);
}

}  // namespace nvm::emulator

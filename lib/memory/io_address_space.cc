// SPDX-License-Identifier: MIT
// Free and allocated ranges, each as first → byte_length. Free ranges never touch: neighbours are
// joined.
#include "memory/io_address_space.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace nvm {
namespace {

using Ranges = std::map<uint64_t, uint64_t>;

// One past the last address; the very last address of all is given up, so that this fits.
uint64_t end_of(const IoRange& range) {
  return range.first + std::min(range.byte_length, UINT64_MAX - range.first);
}

void remove_range(Ranges& ranges, uint64_t first, uint64_t end) {
  if (first >= end) return;
  auto it = ranges.upper_bound(first);
  if (it != ranges.begin()) --it;
  while (it != ranges.end() && it->first < end) {
    const uint64_t range_first = it->first;
    const uint64_t range_end = it->first + it->second;
    if (range_end <= first) {
      ++it;
      continue;
    }
    it = ranges.erase(it);
    if (range_first < first) ranges[range_first] = first - range_first;
    if (range_end > end) ranges[end] = range_end - end;
  }
}

// Adds a range that overlaps none, joined with the neighbours that it touches.
void add_range(Ranges& ranges, uint64_t first, uint64_t byte_length) {
  auto next = ranges.lower_bound(first);
  if (next != ranges.end() && first + byte_length == next->first) {
    byte_length += next->second;
    next = ranges.erase(next);
  }
  if (next != ranges.begin()) {
    auto previous = std::prev(next);
    if (previous->first + previous->second == first) {
      previous->second += byte_length;
      return;
    }
  }
  ranges[first] = byte_length;
}

}  // namespace

IoAddressSpace::IoAddressSpace(std::vector<IoRange> aperture, std::vector<IoRange> reserved) {
  for (const IoRange& range : aperture) {
    const uint64_t end = end_of(range);
    if (end == range.first) continue;
    remove_range(free_, range.first, end);  // ranges given twice count once
    add_range(free_, range.first, end - range.first);
  }
  for (const IoRange& range : reserved) remove_range(free_, range.first, end_of(range));
}

Result<uint64_t> IoAddressSpace::allocate(uint64_t byte_length, uint64_t alignment) {
  return allocate_above(0, byte_length, alignment);
}

Result<uint64_t> IoAddressSpace::allocate_above(uint64_t from, uint64_t byte_length,
                                                uint64_t alignment) {
  if (byte_length == 0 || alignment == 0) {
    return Status(ErrorCode::Argument, "an I/O address range needs a length and an alignment");
  }
  for (const auto& [free_first, free_length] : free_) {
    const uint64_t lowest = std::max(free_first, from);
    const uint64_t remainder = lowest % alignment;
    const uint64_t skip = lowest - free_first + (remainder == 0 ? 0 : alignment - remainder);
    if (skip > free_length || byte_length > free_length - skip) continue;
    const uint64_t first = free_first + skip;
    remove_range(free_, first, first + byte_length);
    allocated_[first] = byte_length;
    return first;
  }
  char detail[96];
  snprintf(detail, sizeof detail,
           "no free range of %" PRIu64 " bytes in the device's I/O addresses", byte_length);
  return Status(ErrorCode::Memory, detail);
}

Status IoAddressSpace::allocate_at(uint64_t first, uint64_t byte_length) {
  const auto next = free_.upper_bound(first);
  if (byte_length != 0 && next != free_.begin()) {
    const auto& [free_first, free_length] = *std::prev(next);
    const uint64_t skip = first - free_first;
    if (skip <= free_length && byte_length <= free_length - skip) {
      remove_range(free_, first, first + byte_length);
      allocated_[first] = byte_length;
      return {};
    }
  }
  char detail[96];
  snprintf(detail, sizeof detail, "I/O addresses from %#" PRIx64 ", %" PRIu64 " bytes", first,
           byte_length);
  return Status(ErrorCode::Busy, detail);
}

void IoAddressSpace::free(uint64_t first) {
  auto it = allocated_.find(first);
  if (it == allocated_.end()) return;
  add_range(free_, first, it->second);
  allocated_.erase(it);
}

}  // namespace nvm

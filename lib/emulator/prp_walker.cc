// SPDX-License-Identifier: MIT
#include "emulator/prp_walker.h"

#include <algorithm>
#include <cstring>

#include "platform/sigbus_guard.h"
#include "spec/nvme.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kOffsetMask = kPageBytes - 1;
constexpr uint64_t kEntryBytes = sizeof(uint64_t);
constexpr uint16_t kUnreachable = spec::status::data_transfer_error | spec::status::dnr;
constexpr uint16_t kMisaligned = spec::status::invalid_prp_offset | spec::status::dnr;

uint16_t append(const Domain& domain, uint64_t address, uint64_t byte_length, Direction direction,
                Transfer& transfer) {
  const Region* region = domain.find(address, byte_length);
  if (region == nullptr || (region->bytes == nullptr && region->remote == nullptr)) {
    return kUnreachable;
  }
  if (direction == Direction::ToHost && !region->writable) return kUnreachable;
  std::byte* bytes = region->bytes == nullptr ? nullptr : region->bytes + (address - region->first);
  transfer.append({bytes, byte_length, region->may_fault, region->remote, address});
  return spec::status::success;
}

bool read_entries(const Domain& domain, uint64_t address, uint64_t* entries, size_t count) {
  const Region* region = domain.find(address, count * kEntryBytes);
  if (region == nullptr || region->bytes == nullptr) return false;
  const std::byte* from = region->bytes + (address - region->first);
  if (region->may_fault) return guarded_copy(entries, from, count * kEntryBytes);
  memcpy(entries, from, count * kEntryBytes);
  return true;
}

uint16_t walk_lists(const Domain& domain, uint64_t list, uint64_t byte_length, Direction direction,
                    Transfer& transfer) {
  if (list % kEntryBytes != 0) return kMisaligned;
  uint64_t entries[kPageBytes / kEntryBytes];
  while (byte_length > 0) {
    const uint64_t needed = (byte_length + kPageBytes - 1) / kPageBytes;
    const uint64_t capacity = (kPageBytes - (list & kOffsetMask)) / kEntryBytes;
    // A list that does not suffice ends with the address of the next one.
    const bool chained = needed > capacity;
    const uint64_t pages = chained ? capacity - 1 : needed;
    if (!read_entries(domain, list, entries, chained ? capacity : needed)) return kUnreachable;
    for (uint64_t page = 0; page < pages; page++) {
      if (entries[page] & kOffsetMask) return kMisaligned;
      const uint64_t length = std::min(byte_length, kPageBytes);
      const uint16_t status = append(domain, entries[page], length, direction, transfer);
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
                   Direction direction, Transfer& transfer) {
  transfer.clear();
  if (prp1 % sizeof(uint32_t) != 0) return kMisaligned;
  const uint64_t first = std::min(byte_length, kPageBytes - (prp1 & kOffsetMask));
  const uint16_t status = append(domain, prp1, first, direction, transfer);
  if (status != spec::status::success) return status;
  const uint64_t rest = byte_length - first;
  if (rest == 0) return spec::status::success;
  if (rest > kPageBytes) return walk_lists(domain, prp2, rest, direction, transfer);
  if (prp2 & kOffsetMask) return kMisaligned;
  return append(domain, prp2, rest, direction, transfer);
}

}  // namespace nvm::emulator

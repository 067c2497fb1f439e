// SPDX-License-Identifier: MIT
// The host's memory as pointers of a command name it: looked up in the domain, piece by piece.
#pragma once

#include <cstring>

#include "emulator/domain.h"
#include "emulator/host_lists.h"
#include "emulator/transfer.h"
#include "platform/sigbus_guard.h"
#include "spec/nvme.h"

namespace nvm::emulator {

constexpr uint64_t kPageBytes = 4096;  // the only memory page size offered, CC.MPS 0

enum class Direction { ToHost, FromHost };

// Adds [address, address + byte_length), which lies in one region, to `transfer`. Success, or Data
// Transfer Error for memory that the queue may not reach.
inline uint16_t append_piece(const Domain& domain, uint64_t address, uint64_t byte_length,
                             Direction direction, Transfer& transfer) {
  constexpr uint16_t kUnreachable = spec::status::data_transfer_error | spec::status::dnr;
  const Region* region = domain.find(address, byte_length);
  if (region == nullptr || (region->bytes == nullptr && region->remote == nullptr)) {
    return kUnreachable;
  }
  if (direction == Direction::ToHost && !region->writable) return kUnreachable;
  std::byte* bytes = region->bytes == nullptr ? nullptr : region->bytes + (address - region->first);
  transfer.append({bytes, byte_length, region->may_fault, region->remote, address});
  return spec::status::success;
}

// As append_piece(), for memory of any length: adjacent regions are one.
inline uint16_t append_range(const Domain& domain, uint64_t address, uint64_t byte_length,
                             Direction direction, Transfer& transfer) {
  while (byte_length > 0) {
    const Region* region = domain.find(address, 1);
    if (region == nullptr) return spec::status::data_transfer_error | spec::status::dnr;
    const uint64_t left = region->byte_length - (address - region->first);
    const uint64_t piece = byte_length < left ? byte_length : left;
    const uint16_t status = append_piece(domain, address, piece, direction, transfer);
    if (status != spec::status::success) return status;
    address += piece;
    byte_length -= piece;
  }
  return spec::status::success;
}

// Copies a piece of a list, which lies in one region: Success, Data Transfer Error, or kListNeeded
// when it has to be brought first. Of memory that is reached by messages `lists` has the pieces
// that were.
inline uint16_t read_list(const Domain& domain, uint64_t address, void* to, size_t byte_length,
                          HostLists* lists) {
  constexpr uint16_t kUnreachable = spec::status::data_transfer_error | spec::status::dnr;
  const Region* region = domain.find(address, byte_length);
  if (region == nullptr) return kUnreachable;
  if (region->bytes == nullptr) {
    if (region->remote == nullptr) return kUnreachable;
    const bool here = lists != nullptr && lists->read(region->remote, address, to, byte_length);
    return here ? spec::status::success : kListNeeded;
  }
  const std::byte* from = region->bytes + (address - region->first);
  if (region->may_fault) {
    return guarded_copy(to, from, byte_length) ? spec::status::success : kUnreachable;
  }
  memcpy(to, from, byte_length);
  return spec::status::success;
}

}  // namespace nvm::emulator

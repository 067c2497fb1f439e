// SPDX-License-Identifier: MIT
#include "emulator/transfer.h"

#include <algorithm>

#include "platform/cached_copy.h"
#include "platform/sigbus_guard.h"
#include "spec/nvme.h"

namespace nvm::emulator {
namespace {

bool copy(std::byte* to, const std::byte* from, size_t byte_length, bool may_fault) {
  if (may_fault) return guarded_copy(to, from, byte_length);
  cached_copy(to, from, byte_length);
  return true;
}

Progress send_part(Operation& operation, const Segment& segment, const std::byte* from,
                   uint64_t byte_length) {
  if (segment.bytes != nullptr) {
    const bool copied = copy(segment.bytes, from, byte_length, segment.may_fault);
    return copied ? Progress::Done : Progress::Failed;
  }
  if (segment.remote == nullptr) return Progress::Done;
  return segment.remote->begin_write(operation, segment.address, from, byte_length);
}

Progress receive_part(Operation& operation, const Segment& segment, std::byte* to,
                      uint64_t byte_length) {
  if (segment.bytes != nullptr) {
    const bool copied = copy(to, segment.bytes, byte_length, segment.may_fault);
    return copied ? Progress::Done : Progress::Failed;
  }
  if (segment.remote == nullptr) return Progress::Done;
  return segment.remote->begin_read(operation, segment.address, to, byte_length);
}

// The segment that holds byte `offset` of the transfer, cut off before that byte.
Segment segment_at(const Transfer& transfer, uint64_t offset) {
  for (Segment segment : transfer.segments()) {
    if (offset < segment.byte_length) {
      if (segment.bytes != nullptr) segment.bytes += offset;
      segment.address += offset;
      segment.byte_length -= offset;
      return segment;
    }
    offset -= segment.byte_length;
  }
  return {};
}

// Hands each part of the transfer from byte `offset` on to `move`. The segments are looked at anew
// for each part: they change when the host changes its memory meanwhile.
template <class Bytes, class Move>
Task move_parts(const Transfer& transfer, uint64_t offset, Bytes bytes, uint64_t byte_length,
                Move move) {
  Operation operation;
  while (byte_length > 0) {
    const Segment segment = segment_at(transfer, offset);
    const uint64_t part = std::min(byte_length, segment.byte_length);
    if (part == 0) co_return spec::status::data_transfer_error;
    const Progress begun = move(operation, segment, bytes, part);
    if (co_await settled(operation, begun) == Progress::Failed) {
      co_return spec::status::data_transfer_error;
    }
    bytes += part;
    offset += part;
    byte_length -= part;
  }
  co_return spec::status::success;
}

}  // namespace

Transfer::Lost Transfer::kLost;

Progress Transfer::copy_to_host(const std::byte* from, bool from_may_fault) {
  for (const Segment& segment : segments_) {
    if (!copy(segment.bytes, from, segment.byte_length, from_may_fault || segment.may_fault)) {
      return Progress::Failed;
    }
    from += segment.byte_length;
  }
  return Progress::Done;
}

Progress Transfer::copy_from_host(std::byte* to, bool to_may_fault) {
  for (const Segment& segment : segments_) {
    if (!copy(to, segment.bytes, segment.byte_length, to_may_fault || segment.may_fault)) {
      return Progress::Failed;
    }
    to += segment.byte_length;
  }
  return Progress::Done;
}

bool Transfer::host_reachable() const {
  constexpr size_t kPageBytes = 4096;
  std::byte probe;
  for (const Segment& segment : segments_) {
    if (!segment.may_fault) continue;
    for (size_t offset = 0; offset < segment.byte_length; offset += kPageBytes) {
      if (!guarded_copy(&probe, segment.bytes + offset, 1)) return false;
    }
    if (!guarded_copy(&probe, segment.bytes + segment.byte_length - 1, 1)) return false;
  }
  return true;
}

Task send_to_host(Transfer& transfer, uint64_t offset, const std::byte* from,
                  uint64_t byte_length) {
  return move_parts(transfer, offset, from, byte_length, send_part);
}

Task receive_from_host(Transfer& transfer, uint64_t offset, std::byte* to, uint64_t byte_length) {
  return move_parts(transfer, offset, to, byte_length, receive_part);
}

}  // namespace nvm::emulator

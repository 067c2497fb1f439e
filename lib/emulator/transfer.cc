// SPDX-License-Identifier: MIT
#include "emulator/transfer.h"

#include <cstring>

#include "platform/sigbus_guard.h"

namespace nvm::emulator {
namespace {

bool copy(std::byte* to, const std::byte* from, size_t byte_length, bool may_fault) {
  if (may_fault) return guarded_copy(to, from, byte_length);
  memcpy(to, from, byte_length);
  return true;
}

}  // namespace

Progress Transfer::begin_to_host(const std::byte* from, bool from_may_fault) {
  for (const Segment& segment : segments_) {
    if (!copy(segment.bytes, from, segment.byte_length, from_may_fault || segment.may_fault)) {
      return Progress::Failed;
    }
    from += segment.byte_length;
  }
  return Progress::Done;
}

Progress Transfer::begin_from_host(std::byte* to, bool to_may_fault) {
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

}  // namespace nvm::emulator

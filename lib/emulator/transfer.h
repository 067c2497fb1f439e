// SPDX-License-Identifier: MIT
// The host side of a command's data, already checked against the queue's domain: segments of memory
// in order. Copies are asynchronous in interface; between CPU pointers they are done when begin
// returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "emulator/store.h"

namespace nvm::emulator {

struct Segment {
  std::byte* bytes;
  uint64_t byte_length;
  bool may_fault;
};

class Transfer {
 public:
  void clear() {
    segments_.clear();
    byte_length_ = 0;
  }
  // Adds memory at the end; what continues the last segment becomes part of it.
  void append(const Segment& segment) {
    byte_length_ += segment.byte_length;
    if (!segments_.empty()) {
      Segment& last = segments_.back();
      if (last.bytes + last.byte_length == segment.bytes && last.may_fault == segment.may_fault) {
        last.byte_length += segment.byte_length;
        return;
      }
    }
    segments_.push_back(segment);
  }
  uint64_t byte_length() const { return byte_length_; }

  // Copies all of it from or to `store` memory. Failed: a page on either side could not be reached;
  // host_reachable() then tells which.
  Progress begin_to_host(const std::byte* from, bool from_may_fault);
  Progress begin_from_host(std::byte* to, bool to_may_fault);

  // True when every page of the host side can be read now.
  bool host_reachable() const;

 private:
  std::vector<Segment> segments_;  // keeps its capacity: no allocation in the steady state
  uint64_t byte_length_ = 0;
};

}  // namespace nvm::emulator

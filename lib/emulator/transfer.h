// SPDX-License-Identifier: MIT
// The host side of a command's data, already checked against the queue's domain: segments of memory in order.
// Copies are asynchronous in interface; between CPU pointers they are done when begin returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "emulator/store.h"

namespace nvm::emulator {

struct Segment {
  std::byte* bytes;
  uint32_t byte_length;
  bool may_fault;
};

class Transfer {
 public:
  void clear() { segments_.clear(); byte_length_ = 0; }
  void append(const Segment& segment) {
    segments_.push_back(segment);
    byte_length_ += segment.byte_length;
  }
  uint64_t byte_length() const { return byte_length_; }

  // Copies all of it from or to `store` memory. Failed: a page on either side could not be reached.
  Progress begin_to_host(const std::byte* from, bool from_may_fault);
  Progress begin_from_host(std::byte* to, bool to_may_fault);

 private:
  std::vector<Segment> segments_;  // keeps its capacity: no allocation in the steady state
  uint64_t byte_length_ = 0;
};

}  // namespace nvm::emulator

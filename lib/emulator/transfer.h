// SPDX-License-Identifier: MIT
// The host side of a command's data or metadata, already checked against the queue's domain:
// segments of memory in order. Between CPU pointers a copy is done when the call returns; memory
// that is reached only by messages needs a task.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "emulator/remote_memory.h"
#include "emulator/store.h"
#include "emulator/task.h"

namespace nvm::emulator {

struct Segment {
  std::byte* bytes = nullptr;  // null: remote, or, without that, a bit bucket
  uint64_t byte_length = 0;
  bool may_fault = false;
  RemoteMemory* remote = nullptr;
  uint64_t address = 0;  // in remote
};

class Transfer {
 public:
  void clear() {
    segments_.clear();
    byte_length_ = 0;
    direct_ = true;
  }
  // Adds memory at the end; what continues the last segment becomes part of it.
  void append(const Segment& segment) {
    byte_length_ += segment.byte_length;
    direct_ &= segment.bytes != nullptr;
    if (!segments_.empty()) {
      Segment& last = segments_.back();
      if (last.bytes != nullptr && last.bytes + last.byte_length == segment.bytes &&
          last.may_fault == segment.may_fault) {
        last.byte_length += segment.byte_length;
        return;
      }
    }
    segments_.push_back(segment);
  }
  // The host took the memory away: every copy fails from now on.
  void lose() {
    for (Segment& segment : segments_) segment = {nullptr, segment.byte_length, false, &kLost, 0};
    direct_ = false;
  }

  uint64_t byte_length() const { return byte_length_; }
  // All of it is memory of this process: the calls below work.
  bool direct() const { return direct_; }

  // Copies all of it from or to `store` memory. Failed: a page on either side could not be reached;
  // host_reachable() then tells which.
  Progress copy_to_host(const std::byte* from, bool from_may_fault);
  Progress copy_from_host(std::byte* to, bool to_may_fault);

  // True when every page of the host side can be read now.
  bool host_reachable() const;

  const std::vector<Segment>& segments() const { return segments_; }

 private:
  class Lost final : public RemoteMemory {
   public:
    Progress begin_read(Operation&, uint64_t, std::byte*, size_t) override {
      return Progress::Failed;
    }
    Progress begin_write(Operation&, uint64_t, const std::byte*, size_t) override {
      return Progress::Failed;
    }
  };
  static Lost kLost;

  std::vector<Segment> segments_;  // keeps its capacity: no allocation in the steady state
  uint64_t byte_length_ = 0;
  bool direct_ = true;
};

// Copies `byte_length` bytes between `transfer`, from its byte `offset` on, and memory that lives
// as long as the task. Success, or Data Transfer Error. What lies in a bit bucket is skipped.
Task send_to_host(Transfer& transfer, uint64_t offset, const std::byte* from, uint64_t byte_length);
Task receive_from_host(Transfer& transfer, uint64_t offset, std::byte* to, uint64_t byte_length);

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// How long a real device would take. Answers, for a command that arrives at `now_ns`, when it
// completes, or when to ask again (a full write buffer). Not consulted, and no clock read, when a
// namespace has none.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace nvm::emulator {

struct TimedCommand {
  uint8_t opcode;
  uint64_t offset;  // of its first block in the namespace's data, in bytes
  uint64_t byte_length;
  bool durable = false;      // a write that completes when it is on the medium
  bool deallocates = false;  // a Write Zeroes that leaves nothing to be written
};

struct Schedule {
  uint64_t at_ns;
  bool retry;  // false: completes at at_ns; true: ask again at at_ns
};

class TimingModel {
 public:
  virtual ~TimingModel() = default;
  virtual Schedule schedule(const TimedCommand& command, uint64_t now_ns) = 0;
  // What was in these bytes is gone; `schedule` has been asked how long that takes.
  virtual void deallocate(uint64_t offset, uint64_t byte_length) {}
};

// Makes the model of a namespace that has so many bytes of data.
using MakeTiming = std::function<std::unique_ptr<TimingModel>(uint64_t byte_length)>;

}  // namespace nvm::emulator

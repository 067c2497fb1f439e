// SPDX-License-Identifier: MIT
// How long a real device would take. Answers, for a command that arrives at `now_ns`, when it
// completes, or when to ask again (a full write buffer). Not consulted, and no clock read, when a
// namespace has none.
#pragma once

#include <cstdint>

namespace nvm::emulator {

struct TimedCommand {
  uint8_t opcode;
  uint64_t lba;
  uint64_t byte_length;
};

struct Schedule {
  uint64_t at_ns;
  bool retry;  // false: completes at at_ns; true: ask again at at_ns
};

class TimingModel {
 public:
  virtual ~TimingModel() = default;
  virtual Schedule schedule(const TimedCommand& command, uint64_t now_ns) = 0;
  // Lets inner work (buffer release, garbage collection) happen up to `now_ns`.
  virtual void run_until(uint64_t now_ns) = 0;
};

}  // namespace nvm::emulator

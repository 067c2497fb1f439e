// SPDX-License-Identifier: MIT
// Time, and waiting, as things that are handed in: the product's come from the machine, a
// simulation's from its script. Nothing in emulator/, driver/ or rpc/ reads a clock or sleeps by
// itself.
#pragma once

#include <cstdint>

namespace nvm {

constexpr uint64_t kNanosecondsPerMillisecond = 1'000'000;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual uint64_t now_ns() = 0;
};

// CLOCK_MONOTONIC.
Clock& monotonic_clock();

// How a caller waits for a device: `pause` between two looks, longer the more looks found nothing.
class Waiter {
 public:
  virtual ~Waiter() = default;
  virtual uint64_t now_ns() = 0;
  virtual void pause(unsigned empty_rounds) = 0;
};

// Spins, then yields, then gives way, then sleeps 50 µs a round.
Waiter& thread_waiter();
// Spins, then yields, then sleeps: for looks that are system calls, for what is there sooner than
// one who gives way comes back.
Waiter& reply_waiter();

// As thread_waiter(), for those who look for a microsecond or more between two pauses: the same
// rounds would take milliseconds.
Waiter& burst_waiter();

// As burst_waiter(), for those who have looked for as long and yielded before they ask.
Waiter& spun_waiter();

// Looks until `done()` is true or `timeout_ns` has passed; returns the last answer of `done`.
template <class Done>
bool wait_until(Waiter& waiter, uint64_t timeout_ns, Done done) {
  uint64_t deadline = waiter.now_ns() + timeout_ns;
  for (unsigned empty_rounds = 0; !done(); empty_rounds++) {
    if (waiter.now_ns() >= deadline) return done();
    waiter.pause(empty_rounds);
  }
  return true;
}

}  // namespace nvm

// SPDX-License-Identifier: MIT
#include "platform/clock.h"

#include <sched.h>
#include <time.h>

#include "platform/cpus.h"
#include "platform/give_way.h"
#include "platform/ordering.h"

namespace nvm {
namespace {

// Looks before the waiter changes its manner. Spinning lasts some 10 µs, as each look of
// wait_until() also reads the clock: emulators and the fastest drives answer within that. Where the
// device's thread has no CPU but ours, each command takes at least as long. Yielding lasts well
// under a millisecond on an idle machine.
constexpr unsigned kSpinRounds = 200;
constexpr unsigned kYieldRounds = 1000;
// Of these, those in which it does not sleep even where others want the CPU: what comes after
// 20 µs, and in the time of two threads' turns, is there sooner than one who slept.
constexpr unsigned kPatientRounds = 16;
// Of looks that are system calls. With more, two processes that got the same CPU answer each other
// three times as late.
constexpr unsigned kSpinReplyRounds = 4;
// Of looks by the hundred, one or two microseconds. Some 200 µs of spinning: who gives way sooner
// and got the CPU of the device's thread stays there with it, since neither looks busy to a
// scheduler that balances CPUs; then each command takes two turns.
constexpr unsigned kSpinBurstRounds = 100;
constexpr unsigned kPatientBurstRounds = 4;
constexpr unsigned kYieldBurstRounds = 100;
constexpr long kSleepNs = 50'000;

uint64_t read_monotonic_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

class MonotonicClock final : public Clock {
 public:
  uint64_t now_ns() override { return read_monotonic_ns(); }
};

class ThreadWaiter final : public Waiter {
 public:
  // On one CPU the device cannot move while we spin.
  ThreadWaiter(unsigned spin_rounds, unsigned patient_rounds, unsigned yield_rounds = kYieldRounds)
      : spin_rounds_(usable_cpu_count() > 1 ? spin_rounds : 0),
        patient_rounds_(patient_rounds),
        yield_rounds_(yield_rounds) {}

  uint64_t now_ns() override { return read_monotonic_ns(); }

  void pause(unsigned empty_rounds) override {
    if (empty_rounds < spin_rounds_) {
      spin_hint();
    } else if (empty_rounds - spin_rounds_ < patient_rounds_) {
      sched_yield();
    } else if (empty_rounds - spin_rounds_ < yield_rounds_) {
      give_way(empty_rounds - spin_rounds_ > patient_rounds_);
    } else {
      timespec nap{0, kSleepNs};
      nanosleep(&nap, nullptr);
    }
  }

 private:
  const unsigned spin_rounds_, patient_rounds_, yield_rounds_;
};

}  // namespace

Clock& monotonic_clock() {
  static MonotonicClock clock;
  return clock;
}

Waiter& thread_waiter() {
  static ThreadWaiter waiter(kSpinRounds, kPatientRounds);
  return waiter;
}

Waiter& burst_waiter() {
  static ThreadWaiter waiter(kSpinBurstRounds, kPatientBurstRounds, kYieldBurstRounds);
  return waiter;
}

Waiter& spun_waiter() {
  static ThreadWaiter waiter(0, 0, kYieldBurstRounds);
  return waiter;
}

Waiter& reply_waiter() {
  static ThreadWaiter waiter(kSpinReplyRounds, kYieldRounds);
  return waiter;
}

}  // namespace nvm

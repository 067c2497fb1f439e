// SPDX-License-Identifier: MIT
#include "platform/give_way.h"

#include <sched.h>
#include <time.h>

#include "platform/clock.h"

namespace nvm {
namespace {

// A yield that takes longer was somebody's turn.
constexpr uint64_t kTurnNs = 20'000;
// A look, from one yield to the next, that takes longer was somebody's slice: those are longer yet.
constexpr uint64_t kInterruptionNs = 200'000;
// For how long that is remembered; then a yield tries again, which may cost a slice.
constexpr uint64_t kCrowdedNs = 50 * kNanosecondsPerMillisecond;
// The system makes it some 50 µs.
constexpr long kNapNs = 1'000;

// 0: this thread has worked since.
thread_local uint64_t gave_way_at_ns = 0;

}  // namespace

bool yield_turn() {
  const uint64_t before_ns = monotonic_clock().now_ns();
  sched_yield();
  return monotonic_clock().now_ns() - before_ns > kTurnNs;
}

bool give_way(bool goes_on) {
  static thread_local uint64_t crowded_until_ns = 0;
  Clock& clock = monotonic_clock();
  const uint64_t before_ns = clock.now_ns();
  const bool has_only_looked = goes_on && gave_way_at_ns != 0;
  if (has_only_looked && before_ns - gave_way_at_ns > kInterruptionNs) {
    crowded_until_ns = before_ns + kCrowdedNs;
  }
  const bool naps = before_ns < crowded_until_ns;
  if (naps) {
    timespec nap{0, kNapNs};
    nanosleep(&nap, nullptr);
  } else {
    sched_yield();
  }
  const uint64_t after_ns = gave_way_at_ns = clock.now_ns();
  if (!naps && after_ns - before_ns > kTurnNs) crowded_until_ns = after_ns + kCrowdedNs;
  return naps;
}

void count_as_work() {
  gave_way_at_ns = 0;
}

}  // namespace nvm

// SPDX-License-Identifier: MIT
#include "platform/give_way.h"

#include <sched.h>
#include <time.h>

#include "platform/clock.h"

namespace nvm {
namespace {

// A yield that takes longer was somebody's turn.
constexpr uint64_t kTurnNs = 20'000;
// For how long that is remembered; then a yield tries again, which may cost a slice.
constexpr uint64_t kCrowdedNs = 50 * kNanosecondsPerMillisecond;
// The system makes it some 50 µs.
constexpr long kNapNs = 1'000;

}  // namespace

bool yield_turn() {
  const uint64_t before_ns = monotonic_clock().now_ns();
  sched_yield();
  return monotonic_clock().now_ns() - before_ns > kTurnNs;
}

bool give_way() {
  static thread_local uint64_t crowded_until_ns = 0;
  if (monotonic_clock().now_ns() < crowded_until_ns) {
    timespec nap{0, kNapNs};
    nanosleep(&nap, nullptr);
    return true;
  }
  if (yield_turn()) crowded_until_ns = monotonic_clock().now_ns() + kCrowdedNs;
  return false;
}

}  // namespace nvm

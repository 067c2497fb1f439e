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

bool give_way() {
  static thread_local uint64_t crowded_until_ns = 0;
  const uint64_t before_ns = monotonic_clock().now_ns();
  if (before_ns < crowded_until_ns) {
    timespec nap{0, kNapNs};
    nanosleep(&nap, nullptr);
    return true;
  }
  sched_yield();
  const uint64_t after_ns = monotonic_clock().now_ns();
  if (after_ns - before_ns > kTurnNs) crowded_until_ns = after_ns + kCrowdedNs;
  return false;
}

}  // namespace nvm

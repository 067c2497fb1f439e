// SPDX-License-Identifier: MIT
#include "platform/give_way.h"

#include <doctest/doctest.h>
#include <sched.h>

#include <atomic>
#include <thread>

#include "platform/clock.h"

namespace nvm {
namespace {

constexpr uint64_t kTimeoutNs = 10'000 * kNanosecondsPerMillisecond;

// This thread, and those that it makes from now on, have one CPU.
void stay_on_one_cpu() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
}

TEST_CASE("who gives way sleeps as soon as a yield was another's turn") {
  bool slept = false;
  // Of its own, since the CPUs of a thread stay as they are.
  std::thread([&] {
    stay_on_one_cpu();
    std::atomic<bool> stopping = false;
    std::thread other([&] {
      while (!stopping) {
      }
    });
    slept = wait_until(thread_waiter(), kTimeoutNs, [] { return give_way(); });
    stopping = true;
    other.join();
  }).join();
  CHECK(slept);
}

}  // namespace
}  // namespace nvm

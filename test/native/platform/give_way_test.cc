// SPDX-License-Identifier: MIT
#include "platform/give_way.h"

#include <doctest/doctest.h>
#include <sched.h>

#include <atomic>
#include <chrono>
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
    // Not by a waiter, which gives way itself.
    const uint64_t end_ns = monotonic_clock().now_ns() + kTimeoutNs;
    while (!slept && monotonic_clock().now_ns() < end_ns) slept = give_way(false);
    stopping = true;
    other.join();
  }).join();
  CHECK(slept);
}

TEST_CASE("who gives way sleeps as soon as another had the CPU between two looks") {
  bool slept = true;
  bool slept_after_slice = false;
  // Of its own, which has not given way before.
  std::thread([&] {
    slept = give_way(false);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    slept_after_slice = give_way(true);
  }).join();
  CHECK_FALSE(slept);
  CHECK(slept_after_slice);
}

TEST_CASE("what who gives way has done itself is not taken for another's turn") {
  bool slept = true;
  const uint64_t end_ns = monotonic_clock().now_ns() + kTimeoutNs;
  while (slept && monotonic_clock().now_ns() < end_ns) {
    // Of its own, which remembers no turn; in the first yield there may be one.
    std::thread([&] {
      (void)give_way(false);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      count_as_work();
      slept = give_way(true);
    }).join();
  }
  CHECK_FALSE(slept);
}

}  // namespace
}  // namespace nvm

// SPDX-License-Identifier: MIT
// Clock, waiter, futex, baton and worker: that waits end, and that they end for the right reason.
#include <doctest/doctest.h>
#include <sched.h>

#include <atomic>
#include <thread>
#include <vector>

#include "platform/baton.h"
#include "platform/clock.h"
#include "platform/cpus.h"
#include "platform/futex.h"
#include "platform/ordering.h"
#include "platform/worker.h"

using namespace nvm;

namespace {

// Time that moves only while somebody waits.
class ScriptedWaiter final : public Waiter {
 public:
  uint64_t now_ns() override { return now_ns_; }
  void pause(unsigned empty_rounds) override {
    rounds_.push_back(empty_rounds);
    now_ns_ += 10;
  }
  std::vector<unsigned> rounds_;
  uint64_t now_ns_ = 1000;
};

}  // namespace

TEST_CASE("the clock never goes back") {
  uint64_t before = monotonic_clock().now_ns();
  for (int i = 0; i < 1000; i++) {
    const uint64_t now = monotonic_clock().now_ns();
    CHECK(now >= before);
    before = now;
  }
}

TEST_CASE("wait_until stops when it is done, and counts the empty rounds") {
  ScriptedWaiter waiter;
  CHECK(wait_until(waiter, 1000, [&] { return waiter.rounds_.size() == 3; }));
  CHECK(waiter.rounds_ == std::vector<unsigned>{0, 1, 2});
}

TEST_CASE("wait_until stops at its deadline, after one last look") {
  ScriptedWaiter waiter;
  CHECK_FALSE(wait_until(waiter, 50, [] { return false; }));
  CHECK(waiter.now_ns_ == 1050);
  CHECK(wait_until(waiter, 0, [] { return true; }));
}

TEST_CASE("the thread's waiter passes through all its manners") {
  const uint64_t before = thread_waiter().now_ns();
  for (unsigned round : {0u, 199u, 200u, 1199u, 1200u, 1'000'000u}) thread_waiter().pause(round);
  CHECK(thread_waiter().now_ns() > before);
}

TEST_CASE("a futex wait ends by timeout, by another value, and by a wake") {
  std::atomic<uint32_t> word{1};
  futex_wait(word, 1, 1'000'000);
  futex_wait(word, 0, UINT64_MAX);

  std::thread sleeper([&] {
    while (word.load() == 1) futex_wait(word, 1, UINT64_MAX);
  });
  word.store(2);
  futex_wake(word);
  sleeper.join();
  CHECK(word == 2);
}

TEST_CASE("the baton is held by one thread at a time") {
  Baton baton;
  int in_order = 0;  // not atomic: the baton orders it
  std::atomic<int> pumped{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; i++) {
    threads.emplace_back([&] {
      for (int round = 0; round < 2000; round++) {
        BatonHold hold(baton);
        in_order++;
      }
    });
  }
  threads.emplace_back([&] {
    for (int round = 0; round < 2000; round++) {
      if (!baton.try_take()) continue;
      in_order++;
      pumped++;
      baton.put_down();
    }
  });
  for (std::thread& thread : threads) thread.join();
  CHECK(in_order == 3 * 2000 + pumped.load());
  CHECK(baton.try_take());
  CHECK_FALSE(baton.try_take());
  baton.put_down();
}

TEST_CASE("a thread that steps in a loop does not starve one that waits") {
  Baton baton;
  std::atomic<bool> stop{false};
  std::thread stepper([&] {
    while (!stop) {
      if (!baton.try_take()) continue;
      for (int work = 0; work < 1000; work++) spin_hint();
      baton.put_down();
    }
  });
  for (int round = 0; round < 100; round++) BatonHold hold(baton);
  stop = true;
  stepper.join();
}

TEST_CASE("a worker does everything posted, in order, before it goes") {
  std::vector<int> done;
  {
    Worker worker;
    for (int i = 0; i < 100; i++) worker.post([&done, i] { done.push_back(i); });
  }
  CHECK(done.size() == 100);
  for (int i = 0; i < 100; i++) CHECK(done[static_cast<size_t>(i)] == i);
}

TEST_CASE("there is a CPU to run on") {
  CHECK(usable_cpu_count() >= 1);
}

TEST_CASE("a thread moves to another CPU, and may be moved on as before") {
  if (usable_cpu_count() == 1) return;
  // Of its own, since the CPUs of a thread stay as they are.
  std::thread([] {
    cpu_set_t before, after;
    REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
    const int here = sched_getcpu();
    // The system may have moved it back before we look.
    bool moved = false;
    for (int i = 0; i < 100 && !moved; i++) {
      move_to_another_cpu();
      moved = sched_getcpu() != here;
    }
    CHECK(moved);
    REQUIRE(sched_getaffinity(0, sizeof after, &after) == 0);
    CHECK(CPU_EQUAL(&before, &after));
  }).join();
}

TEST_CASE("a thread that has one CPU stays there") {
  std::thread([] {
    cpu_set_t one, after;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
    move_to_another_cpu();
    REQUIRE(sched_getaffinity(0, sizeof after, &after) == 0);
    CHECK(CPU_EQUAL(&one, &after));
  }).join();
}

// SPDX-License-Identifier: MIT
#include "emulator/runner.h"

#include <pthread.h>

#include <algorithm>

#include "platform/clock.h"
#include "platform/cpus.h"
#include "platform/futex.h"
#include "platform/give_way.h"
#include "platform/ordering.h"

namespace nvm::emulator {
namespace {

// Empty rounds before the thread begins to give way: some 10 µs. Where more threads run than there
// are CPUs, its client may be waiting for this one, and each command takes at least as long.
constexpr unsigned kSpinRounds = 200;
// Empty rounds after which it parks: with the spinning, about half a millisecond without work.
constexpr unsigned kYieldRounds = 1000;
// Looks of a client at whether the thread comes round: the time of some rounds, well below 1 µs.
constexpr unsigned kRoundLooks = 16;
// An event closer than this is waited for awake: sleeping and waking takes as long.
constexpr uint64_t kAwakeForNs = 60'000;
// How long to sleep when a full completion queue holds up work: its host need not ring loudly.
constexpr uint64_t kSoonNs = kNanosecondsPerMillisecond;
// For how long the thread shares a CPU with the same hosts.
constexpr uint64_t kStayNs = 20 * kNanosecondsPerMillisecond;

}  // namespace

Runner::Runner(std::unique_ptr<Subsystem> subsystem)
    : subsystem_(std::move(subsystem)), cpu_count_(usable_cpu_count()) {
  for (size_t i = 0; i < subsystem_->controller_count(); i++) {
    sleeping_words_.push_back(&subsystem_->controller(i).sleeping());
  }
  subsystem_->set_wake([this] { wake(); });
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "nvm-emulator");
}

Runner::~Runner() {
  stopping_.store(true, std::memory_order_seq_cst);
  wake();
  thread_.join();
}

bool Runner::comes_round() const {
  if (cpu_count_ == 1) return false;
  const uint32_t before = rounds_.load(std::memory_order_relaxed);
  for (unsigned look = 0; look < kRoundLooks; look++) {
    spin_hint();
    if (rounds_.load(std::memory_order_relaxed) != before) return true;
  }
  return false;
}

// The thread's data stays in its CPU's caches: a client that takes a step now and then makes large
// transfers a third slower.
bool Runner::pump() {
  const bool is_parked = wakes_at_ns_.load(std::memory_order_relaxed) != 0;
  if ((!is_parked && comes_round()) || !baton_.try_take()) return false;
  const bool worked = subsystem_->step(monotonic_clock());
  // Written with the baton held, so what a thread that then parked promised is what we read. It
  // sleeps as long as a step finds nothing: what goes on after this one, for example a sanitize
  // that has begun, is its own to do.
  const uint64_t wakes_at_ns = wakes_at_ns_.load(std::memory_order_relaxed);
  const bool goes_on = worked && wakes_at_ns != 0 && subsystem_->step(monotonic_clock());
  const uint64_t next_ns = worked ? subsystem_->next_event_ns() : UINT64_MAX;
  baton_.put_down();
  if (worked) count_as_work();
  if (goes_on || next_ns < wakes_at_ns) wake();
  return worked;
}

// The exchange takes its place in the one order of all accesses to the word: either the thread's
// exchange to 1 comes later, and its last look at the work sees what was rung before; or we read
// the 1.
void Runner::wake() {
  bool asleep = false;
  for (std::atomic<uint32_t>* word : sleeping_words_) {
    asleep |= word->exchange(0, std::memory_order_seq_cst) != 0;
  }
  if (asleep) futex_wake(*sleeping_words_.front());
}

void Runner::keep_polling(bool polling) {
  polling_hosts_.fetch_add(polling ? 1 : UINT32_MAX, std::memory_order_relaxed);
  wake();
}

void Runner::run() {
  unsigned empty_rounds = 0;
  const unsigned spin_rounds = cpu_count_ > 1 ? kSpinRounds : 0;
  while (!stopping_.load(std::memory_order_relaxed)) {
    bool worked = false;
    rounds_.store(rounds_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    if (baton_.try_take()) {
      worked = subsystem_->step(monotonic_clock());
      baton_.put_down();
    }
    if (worked) {
      empty_rounds = 0;
    } else if (empty_rounds < spin_rounds) {
      empty_rounds++;
      spin_hint();
    } else if (empty_rounds < spin_rounds + kYieldRounds) {
      empty_rounds++;
      yield_or_move();
    } else if (polling_hosts_.load(std::memory_order_relaxed) != 0) {
      yield_or_move();
    } else if (park()) {
      empty_rounds = 0;
    }
  }
}

// A host on this thread's CPU is served when it has stopped, those on others while they run.
void Runner::yield_or_move() {
  if (!yield_turn()) return;
  const uint64_t now_ns = monotonic_clock().now_ns();
  if (now_ns - moved_at_ns_ < kStayNs) return;
  moved_at_ns_ = now_ns;
  if (is_crowded()) move_to_another_cpu();
}

// Who had commands since the last look may poll: each wants a CPU, and the thread one.
bool Runner::is_crowded() {
  BatonHold hold(baton_);
  uint32_t busy_hosts = 0;
  for (size_t i = 0; i < subsystem_->controller_count(); i++) {
    busy_hosts += subsystem_->controller(i).count_busy_hosts();
  }
  return busy_hosts >= cpu_count_;
}

// What keep_polling() and the end say before they wake is looked at after `sleeping` was set, as is
// what hosts ring.
bool Runner::may_sleep() const {
  return polling_hosts_.load(std::memory_order_seq_cst) == 0 &&
         !stopping_.load(std::memory_order_seq_cst);
}

bool Runner::park() {
  for (std::atomic<uint32_t>* word : sleeping_words_) word->exchange(1, std::memory_order_seq_cst);
  // Hosts ring first and look at the word second; we do it the other way round, so one of us sees
  // the other.
  store_load_fence();
  uint64_t timeout_ns = 0;
  bool worked = false;
  {
    BatonHold hold(baton_);
    worked = subsystem_->step(monotonic_clock());
    if (!worked && may_sleep()) {
      const uint64_t next_ns = subsystem_->next_event_ns();
      const uint64_t now_ns = next_ns == UINT64_MAX ? 0 : monotonic_clock().now_ns();
      const uint64_t until_ns = next_ns == 0 ? now_ns + kSoonNs : next_ns;
      if (until_ns > now_ns + kAwakeForNs) {
        timeout_ns = until_ns == UINT64_MAX ? UINT64_MAX : until_ns - now_ns;
        wakes_at_ns_.store(until_ns, std::memory_order_relaxed);
      }
    }
  }
  if (timeout_ns != 0) {
    futex_wait(*sleeping_words_.front(), 1, timeout_ns);
    wakes_at_ns_.store(0, std::memory_order_relaxed);
  } else if (!worked) {
    yield_or_move();
  }
  for (std::atomic<uint32_t>* word : sleeping_words_) {
    word->store(0, std::memory_order_relaxed);
  }
  return worked;
}

}  // namespace nvm::emulator

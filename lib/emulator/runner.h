// SPDX-License-Identifier: MIT
// The thin loop around a subsystem: a thread that steps it while there is work, then parks; and the
// baton with which a polling client in the same process steps it instead. The only part of
// emulator/ that knows threads and time.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "emulator/subsystem.h"
#include "platform/baton.h"

namespace nvm::emulator {

class Runner {
 public:
  // Starts the thread. `subsystem` has all its controllers, at least one.
  explicit Runner(std::unique_ptr<Subsystem> subsystem);
  ~Runner();  // stops and joins the thread
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Steps once in the calling thread; true when it did something. Not while another thread steps,
  // nor while the emulator's own has a CPU and comes round by itself.
  bool pump();
  // Whether a thread is in the middle of a step, on another CPU unless it was taken from it.
  bool is_stepping() const { return cpu_count_ > 1 && baton_.is_held(); }
  // Wakes the thread; call after a doorbell when PcieController::sleeping() was non-zero.
  void wake();
  // With true the thread never parks: for hosts that ring mapped doorbells but cannot wake it. Each
  // true is taken back by one false.
  void keep_polling(bool polling);

  // While it lives, nothing steps: the only way to touch the subsystem.
  class Pause {
   public:
    explicit Pause(Runner& runner) : hold_(runner.baton_), runner_(runner) {}
    Subsystem& subsystem() { return *runner_.subsystem_; }

   private:
    BatonHold hold_;
    Runner& runner_;
  };

 private:
  void run();
  // Whether the thread comes round while the caller looks: it has another CPU than the caller.
  bool comes_round() const;
  // Yields, and changes the CPU now and then where more hosts are busy than there are CPUs for.
  void yield_or_move();
  bool is_crowded();
  bool may_sleep() const;
  // Sleeps until woken or until something is due; true when there was work after all.
  bool park();

  // The controllers' `sleeping` words. The thread sleeps on the first. Outlives the subsystem,
  // whose stores may call wake() to their end.
  std::vector<std::atomic<uint32_t>*> sleeping_words_;
  std::unique_ptr<Subsystem> subsystem_;
  Baton baton_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint32_t> polling_hosts_{0};
  // The latest time at which a parked thread wakes up by itself; 0 while it runs.
  std::atomic<uint64_t> wakes_at_ns_{0};
  const unsigned cpu_count_;
  // Of the thread.
  alignas(64) std::atomic<uint32_t> rounds_{0};
  uint64_t moved_at_ns_ = 0;
  std::thread thread_;
};

}  // namespace nvm::emulator

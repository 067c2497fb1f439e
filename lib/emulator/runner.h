// SPDX-License-Identifier: MIT
// The thin loop around a subsystem: a thread that steps it while there is work, then parks; and the baton
// with which a polling client in the same process steps it instead. The only part of emulator/ that knows
// threads and time.
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "emulator/subsystem.h"
#include "platform/baton.h"

namespace nvm::emulator {

class Runner {
 public:
  explicit Runner(std::unique_ptr<Subsystem> subsystem);
  ~Runner();  // stops and joins the thread

  // Steps once in the calling thread unless another thread is stepping; true when it did something.
  bool pump();
  // Wakes the thread; call after a doorbell when PcieController::sleeping() was non-zero.
  void wake();

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

  std::unique_ptr<Subsystem> subsystem_;
  Baton baton_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace nvm::emulator

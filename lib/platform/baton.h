// SPDX-License-Identifier: MIT
// The right to step a device, held by one thread at a time. Taken for one step, so waiting for it is short.
#pragma once

#include <atomic>

namespace nvm {

class Baton {
 public:
  bool try_take() {
    return !held_.load(std::memory_order_relaxed) && !held_.exchange(true, std::memory_order_acquire);
  }
  void take();  // spins, then yields
  void put_down() { held_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> held_{false};
};

class [[nodiscard]] BatonHold {
 public:
  explicit BatonHold(Baton& baton) : baton_(baton) { baton_.take(); }
  ~BatonHold() { baton_.put_down(); }
  BatonHold(const BatonHold&) = delete;
  BatonHold& operator=(const BatonHold&) = delete;

 private:
  Baton& baton_;
};

}  // namespace nvm

// SPDX-License-Identifier: MIT
// The right to step a device, held by one thread at a time. Taken for one step, so waiting for it
// is short.
#pragma once

#include <atomic>
#include <cstdint>

namespace nvm {

class Baton {
 public:
  // False while somebody holds it or waits in take(): a thread that steps in a loop cannot starve a
  // waiter.
  bool try_take() {
    return waiting_.load(std::memory_order_relaxed) == 0 &&
           !held_.load(std::memory_order_relaxed) &&
           !held_.exchange(true, std::memory_order_acquire);
  }
  // Waits: spins, then yields.
  void take();
  bool is_held() const { return held_.load(std::memory_order_relaxed); }
  void put_down() { held_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> held_{false};
  std::atomic<uint32_t> waiting_{0};
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

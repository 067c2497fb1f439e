// SPDX-License-Identifier: MIT
#include "platform/baton.h"

#include <sched.h>

#include "platform/ordering.h"

namespace nvm {

void Baton::take() {
  constexpr unsigned kSpinRounds = 200;
  waiting_.fetch_add(1, std::memory_order_relaxed);
  for (unsigned round = 0;
       held_.load(std::memory_order_relaxed) || held_.exchange(true, std::memory_order_acquire);
       round++) {
    if (round < kSpinRounds) {
      spin_hint();
    } else {
      sched_yield();
    }
  }
  waiting_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace nvm

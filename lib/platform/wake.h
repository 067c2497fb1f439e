// SPDX-License-Identifier: MIT
// Waking a consumer that sleeps.
#pragma once

#include <atomic>
#include <cstdint>

namespace nvm {

// Where completions announce themselves to a sleeping consumer. `armed` is set by the consumer
// before it re-polls and sleeps; the device side exchanges it to 0 and, if it was 1, writes one
// byte to `fd`.
struct WakeTarget {
  std::atomic<uint32_t>* armed = nullptr;
  int fd = -1;
  // Null, or the consumer's state: from 0 it becomes `state_when_gone` when the device goes away
  // and will announce nothing any more.
  std::atomic<uint32_t>* state = nullptr;
  uint32_t state_when_gone = 0;
};

// Takes `armed` and, where that was set, writes one byte. Whoever posts something orders the post
// before this call (store_load_fence, or a lock that the consumer looks under).
void wake(const WakeTarget& target);

// Tells the consumer that the device is gone, and wakes it.
void tell_gone(const WakeTarget& target);

}  // namespace nvm

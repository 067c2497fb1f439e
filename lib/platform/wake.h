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
};

// Takes `armed` and, where that was set, writes one byte. Whoever posts something orders the post
// before this call (store_load_fence, or a lock that the consumer looks under).
void wake(const WakeTarget& target);

}  // namespace nvm

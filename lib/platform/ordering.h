// SPDX-License-Identifier: MIT
// The one place with stand-alone fences and spin hints; everywhere else the ordering is on the
// access.
#pragma once

#include <atomic>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace nvm {

// Orders every earlier store before every later load, as "post, then look whether the other side
// sleeps" needs. TSan does not model fences, so under it an atomic exchange takes the fence's
// place.
inline void store_load_fence() {
#if defined(__SANITIZE_THREAD__)
  static std::atomic<uint32_t> word{0};
  word.exchange(1, std::memory_order_seq_cst);
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

// Tells the core that this is a spin loop.
inline void spin_hint() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

}  // namespace nvm

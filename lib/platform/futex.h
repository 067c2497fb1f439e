// SPDX-License-Identifier: MIT
// Sleeping on, and waking, a 32-bit word in shared memory.
#pragma once

#include <atomic>
#include <cstdint>

namespace nvm {

// Sleeps while `word` equals `expected`, at most `timeout_ns` (no bound when UINT64_MAX). May wake
// early.
void futex_wait(std::atomic<uint32_t>& word, uint32_t expected, uint64_t timeout_ns);
void futex_wake(std::atomic<uint32_t>& word);

}  // namespace nvm

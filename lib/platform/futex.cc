// SPDX-License-Identifier: MIT
#include "platform/futex.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace nvm {

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));

// Both calls use the shared form (no FUTEX_PRIVATE_FLAG): the word may lie in another process's
// memory too.

void futex_wait(std::atomic<uint32_t>& word, uint32_t expected, uint64_t timeout_ns) {
  timespec timeout;
  timespec* bound = nullptr;
  if (timeout_ns != UINT64_MAX) {
    timeout.tv_sec = static_cast<time_t>(timeout_ns / 1'000'000'000);
    timeout.tv_nsec = static_cast<long>(timeout_ns % 1'000'000'000);
    bound = &timeout;
  }
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAIT, expected, bound, nullptr, 0);
}

void futex_wake(std::atomic<uint32_t>& word) {
  syscall(SYS_futex, reinterpret_cast<uint32_t*>(&word), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace nvm

// SPDX-License-Identifier: MIT
#include "platform/wake.h"

#include <sys/socket.h>

#include "platform/ordering.h"

namespace nvm {

void wake(const WakeTarget& target) {
  if (target.armed == nullptr || target.armed->load(std::memory_order_relaxed) == 0) return;
  if (target.armed->exchange(0, std::memory_order_acq_rel) != 1) return;
  const char byte = 0;
  // A full socket means that a wake-up is under way already.
  (void)send(target.fd, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void tell_gone(const WakeTarget& target) {
  if (target.state != nullptr) {
    uint32_t live = 0;
    target.state->compare_exchange_strong(live, target.state_when_gone);
  }
  // A consumer arms, then looks at its state: one of the two sees the other.
  store_load_fence();
  wake(target);
}

}  // namespace nvm

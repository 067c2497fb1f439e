// SPDX-License-Identifier: MIT
// Waking a consumer that sleeps.
#pragma once

#include "transport/transport.h"

namespace nvm {

// Takes `armed` and, where that was set, writes one byte. Whoever posts something orders the post
// before this call (store_load_fence, or a lock that the consumer looks under).
void wake(const WakeTarget& target);

}  // namespace nvm

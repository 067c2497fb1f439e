// SPDX-License-Identifier: MIT
// How the driver waits for a device: the one place that decides whether the waiting thread steps an
// emulated device itself, which it must when it has no second CPU for the device's own thread.
#pragma once

#include "platform/clock.h"
#include "platform/cpus.h"
#include "transport/transport.h"

namespace nvm {

// True when a thread that waits for `transport` should step it: it can be stepped, and no other CPU
// would.
inline bool pumps_while_waiting(Transport& transport) {
  return transport.capabilities().pumps && usable_cpu_count() == 1;
}

// Looks until `done()` is true or `timeout_ns` has passed; returns the last answer of `done`.
template <class Done>
bool wait_for_device(Transport& transport, Waiter& waiter, uint64_t timeout_ns, Done done) {
  const bool pumps = pumps_while_waiting(transport);
  return wait_until(waiter, timeout_ns, [&] {
    if (pumps) transport.pump();
    return done();
  });
}

}  // namespace nvm

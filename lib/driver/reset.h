// SPDX-License-Identifier: MIT
// Disabling and enabling a controller (NVMe base 2.0, 3.5): registers only, nothing is allocated
// here.
#pragma once

#include <cstdint>

#include "platform/clock.h"
#include "transport/transport.h"

namespace nvm {

// Where the admin queues are. Both have `entries` entries: one count, so that host and device wrap
// together.
struct AdminQueueLocation {
  uint64_t sq_address;
  uint64_t cq_address;
  uint32_t entries;
};

// CAP.TO in nanoseconds, at least half a second: some controllers report 0.
uint64_t ready_timeout_ns(uint64_t cap);

// How many entries both admin queues have when each gets one page of `page_size` bytes.
uint32_t admin_queue_entries(uint64_t cap, uint32_t page_size);

// ERR_CONTROLLER_GONE when the registers read all ones, ERR_CONTROLLER_FATAL when CSTS.CFS is set.
Status check_health(Transport& transport);

// As check_health, and ERR_CONTROLLER_DISABLED when it is not enabled and ready: whoever calls this
// had it so.
Status check_enabled(Transport& transport);

// CC.EN=0, then waits for CSTS.RDY=0, at most CAP.TO: afterwards the controller reaches no memory.
// ERR_TIMEOUT, ERR_CONTROLLER_GONE.
Status disable_controller(Transport& transport, Waiter& waiter);

// Resets the NVM subsystem (NVMe base 2.0, 3.7.1) of a disabled controller that has CAP.NSSRS, and
// waits, at most CAP.TO, until registers can be read again. ERR_CONTROLLER_GONE.
Status reset_subsystem(Transport& transport, Waiter& waiter);

// Sets AQA, ASQ, ACQ and CC of a disabled controller (all its I/O command sets, 4 KiB pages,
// 64-byte and 16-byte entries), then waits for CSTS.RDY=1, at most CAP.TO. ERR_TIMEOUT,
// ERR_CONTROLLER_FATAL, ERR_CONTROLLER_GONE.
Status enable_controller(Transport& transport, Waiter& waiter, const AdminQueueLocation& admin);

}  // namespace nvm

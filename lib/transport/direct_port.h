// SPDX-License-Identifier: MIT
// A client's part of a device that knows no clients, a drive or a vfio-user server's: the registers
// to read, all doorbells to ring, and memory where the transport puts it.
//
// What such a device does not keep a client from: it can ring any doorbell, and it can put any I/O
// address into its queues. Of a drive, the file lets it map all of BAR0 for writing. The manager
// judges its admin commands, so that its queues are its own, in its own memory.
#pragma once

#include <functional>
#include <memory>

#include "transport/transport.h"

namespace nvm {

struct DirectPortSteps {
  // Maps a client's memory, from the I/O address `wanted` on unless that is 0; as
  // ClientPort::map().
  std::function<Result<Mapping>(const Buffer& buffer, uint64_t wanted)> map;
  // The port ends; empty: nothing is to be done then.
  std::function<void()> release = {};
};

// Memory is unmapped by the transport, which outlives the port. ERR_UNSUPPORTED for a policy about
// I/O commands: no such device looks at one.
Result<std::unique_ptr<ClientPort>> open_direct_port(Transport& transport,
                                                     const SharingPolicy& policy,
                                                     const BarShare& bar, DirectPortSteps steps);

}  // namespace nvm

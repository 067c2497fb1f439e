// SPDX-License-Identifier: MIT
// A client's part of a PCI device: the registers to read, all doorbells to ring, and memory where
// the transport puts it.
//
// What hardware does not keep a client from: it can ring any doorbell, the file lets it map all of
// BAR0 for writing, and it can put any I/O address into its queues. The manager judges its admin
// commands, so that its queues are its own, in its own memory.
#pragma once

#include <functional>
#include <memory>

#include "transport/mmio_bar.h"
#include "transport/transport.h"

namespace nvm {

// Maps a client's memory, from the I/O address `wanted` on unless that is 0; as ClientPort::map().
using MapForClient = std::function<Result<Mapping>(const Buffer& buffer, uint64_t wanted)>;

// BAR0 is at `bar_offset` of `bar_fd`; memory is unmapped by the transport, which outlives the
// port. ERR_UNSUPPORTED for a policy about I/O commands: no drive looks at one.
Result<std::unique_ptr<ClientPort>> open_pci_port(Transport& transport, const SharingPolicy& policy,
                                                  const MmioBar& bar, int bar_fd,
                                                  uint64_t bar_offset, MapForClient map);

}  // namespace nvm

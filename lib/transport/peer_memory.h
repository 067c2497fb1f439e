// SPDX-License-Identifier: MIT
// Memory of another PCI function, a part of one of its BARs, as a target for a controller's DMA:
// data goes from device to device and through no memory of the host.
//
// Who gives a controller such an address answers for the way there: both devices are below one
// root complex, whose root ports (or a switch above both) pass requests on to each other, and no
// Access Control Services block them. What gets no answer is a failed command, or lost.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "memory/buffer.h"
#include "platform/status.h"
#include "transport/transport.h"

namespace nvm {

// Whole pages of a BAR.
struct PeerRange {
  uint32_t bar;  // 0 to 5
  uint64_t byte_offset;
  uint64_t byte_length;
};

// Maps it from sysfs, write-combined where the BAR is prefetchable, for a controller with these
// capabilities. ERR_TARGET: no such function. ERR_RANGE: no such BAR, or not within it.
// ERR_ALIGNMENT. ERR_UNSUPPORTED: I/O ports, a BAR without an address, memory decoding switched
// off, or a controller of another process, which has no such memory. ERR_ARGUMENT: the controller
// itself. ERR_DRIVER: the BAR is kept for one. ERR_PERMISSION, ERR_OS. When the kernel ends the
// mapping, since a driver claims the BAR, its pages read as zeroes, and guarded copies fail.
Result<std::shared_ptr<Buffer>> map_peer_memory(const Capabilities& controller,
                                                const std::string& address, const PeerRange& range,
                                                const std::string& sysfs_root = "/sys");

}  // namespace nvm

// SPDX-License-Identifier: MIT
// The one table of targets: what a string, an fd or an emulator's options open.
#pragma once

#include <memory>
#include <string>

#include "emulator/emulated_device.h"
#include "transport/transport.h"

namespace nvm {

// `target`: an image file → emulator; `05:00.0`, `0000:05:00.0` or its sysfs path → PCI by
// what drives it (vfio-pci → vfio, nothing → sysfs); a socket, or a folder with a socket `cntrl` →
// a controller that another process has: of type SOCK_SEQPACKET its manager's, of type SOCK_STREAM
// a vfio-user server's; empty → an emulator over memory. Prefixes `emulator:`, `pci:`, `rpc:` and
// `vfio-user:` override. The same image twice in one process is the same device. ERR_TARGET names
// what was tried.
// `reconnect_ns`: for how long the next manager is awaited when the one of a controller has gone.
Result<std::shared_ptr<Transport>> open_transport(const std::string& target,
                                                  uint64_t reconnect_ns = 0);
Result<std::shared_ptr<Transport>> open_emulator(const EmulatorOptions& options);
// A regular file → emulator over it; sysfs resource0 → that device; a connected UNIX stream socket
// → what a vfio-user server at its other end serves. The fd is duplicated.
Result<std::shared_ptr<Transport>> open_transport_fd(int fd);

}  // namespace nvm

// SPDX-License-Identifier: MIT
// A controller that another process serves over vfio-user: registers by messages, doorbells in a
// page of the server's where it gives one and by messages where it does not, DMA in memory that it
// is given as file descriptors, interrupts as eventfds.
#pragma once

#include <memory>
#include <string>

#include "transport/transport.h"
#include "vfio_user/client.h"

namespace nvm {

// `path`: the server's socket. As VfioUserDevice::open.
// `reply_timeout_ms`: how long the server may take for a reply before it counts as gone.
// `reconnect_ns`: for how long another server is awaited at `path` when that one has closed the
// connection; 0: not at all.
Result<std::unique_ptr<Transport>> open_vfio_user_transport(
    const std::string& path, uint32_t reply_timeout_ms = vfio_user::Client::kReplyTimeoutMs,
    uint64_t reconnect_ns = 0);

}  // namespace nvm

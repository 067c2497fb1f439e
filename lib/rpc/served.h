// SPDX-License-Identifier: MIT
// A controller as its manager shares it, and what every client may have of it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "driver/admin_queue.h"
#include "driver/controller.h"
#include "driver/queue_numbers.h"
#include "transport/transport.h"

namespace nvm::rpc {

// Who a client is, as the kernel says (SO_PEERCRED).
struct Peer {
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  uint32_t client_id = 0;    // that the service gives it
  bool is_stranger = false;  // neither the user of the manager nor root
};

struct ServedController {
  std::shared_ptr<Transport> transport;
  std::shared_ptr<AdminQueue> admin;
  std::shared_ptr<OwnQueueNumbers> queue_numbers;
  ControllerLimits limits;
  std::shared_ptr<Controller> controller;  // for its events; null: clients hear of none
};

// ERR_UNSUPPORTED for a device that clients cannot have a part of, or that cannot hold them to
// `policy`.
Status check_shareable(Transport& transport, const SharingPolicy& policy = {});
// What `controller`, which is the manager, has to share. ERR_NO_ADMIN when it is not,
// ERR_UNSUPPORTED.
Result<ServedController> share(Controller& controller, const SharingPolicy& policy = {});

// More do not fit in one reply to the request `status`.
constexpr uint32_t kClientsMax = 1000;

// What it takes at once, and then what of each client.
struct ServiceLimits {
  uint32_t clients_max = 64;  // at most kClientsMax
  uint32_t observers_max = 32;
  uint32_t arrivals_max = 32;  // connections that have not greeted
  uint32_t queue_pairs_max = 16;
  uint64_t mapped_bytes_max = 1ull << 30;
  uint32_t mappings_max = 1024;
};

struct ServicePolicy {
  SharingPolicy sharing;
  // Admin commands that change what others see: features, formats, namespaces, firmware. Without
  // it clients may identify, read log pages and features, and have queues.
  bool administers = false;
  // Looks at each admin command of a client, and may rewrite it; false: refused. Called by the
  // thread that serves.
  // With a filter strangers may be clients, where they can open the socket: it knows them apart.
  std::function<bool(spec::SubmissionQueueEntry& command, const Peer& peer)> filter;
};

}  // namespace nvm::rpc

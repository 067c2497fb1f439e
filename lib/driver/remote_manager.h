// SPDX-License-Identifier: MIT
// What a controller needs of the process that has its admin queues, where that is another one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "driver/admin.h"
#include "driver/controller_events.h"
#include "driver/controller_limits.h"
#include "driver/queue_numbers.h"

namespace nvm {

// Asynchronous events that the manager passes on, each with its log page.
class RemoteEvents {
 public:
  virtual ~RemoteEvents() = default;
  // Asks for them, from now on.
  virtual Status watch() = 0;
  // True when take() has something; `target` hears of what comes later.
  virtual bool look(const WakeTarget& target) = 0;
  // Since the last call, the oldest first. A failure, once there is none, when no more will come.
  virtual Result<std::vector<AsyncEvent>> take() = 0;
  // How many were lost so far, since nobody took them in time.
  virtual uint64_t dropped() = 0;
};

struct RemoteManager {
  std::string path;  // of the socket at which it serves
  std::shared_ptr<Admin> admin;
  std::shared_ptr<RemoteEvents> events;
  std::shared_ptr<QueueNumbers> queue_numbers;
  ControllerLimits limits;
};

}  // namespace nvm

// SPDX-License-Identifier: MIT
// What a controller needs of the process that has its admin queues, where that is another one.
#pragma once

#include <memory>

#include "driver/admin.h"
#include "driver/controller_limits.h"
#include "driver/queue_numbers.h"

namespace nvm {

struct RemoteManager {
  std::shared_ptr<Admin> admin;
  std::shared_ptr<QueueNumbers> queue_numbers;
  ControllerLimits limits;
};

}  // namespace nvm

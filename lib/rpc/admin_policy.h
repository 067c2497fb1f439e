// SPDX-License-Identifier: MIT
// Which admin commands of clients a manager sends on. What a device would judge by the admin queue
// that it comes from is judged here, since all clients share one.
#pragma once

#include <cstdint>

#include "platform/status.h"
#include "rpc/served.h"
#include "spec/nvme.h"

namespace nvm::rpc {

// Success, or ERR_REFUSED: for what would change the controller for everybody, unless the policy
// lets clients administer, and for what only the manager itself can do.
Status check_admin_command(const spec::SubmissionQueueEntry& command, const ServicePolicy& policy);

// The queue that Create and Delete commands and Abort are about; 0 for all others.
uint16_t queue_of_admin_command(const spec::SubmissionQueueEntry& command);

}  // namespace nvm::rpc

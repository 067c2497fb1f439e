// SPDX-License-Identifier: MIT
// What Identify Controller says, as far as the driver needs it.
#pragma once

#include <cstdint>
#include <memory>

#include "driver/admin.h"

namespace nvm {

struct ControllerLimits {
  uint64_t transfer_bytes_max = 0;      // MDTS in bytes; UINT64_MAX: no limit
  uint16_t io_queue_pairs_max = 0;      // granted by Set Features, Number of Queues
  bool takes_sgls = false;              // SGLS: data blocks at the alignment of a dword
  uint32_t optional_events = 0;         // OAES
  uint32_t event_requests_max = 0;      // AERL + 1
  bool takes_shadow_doorbells = false;  // OACS: Doorbell Buffer Config
  // Of the blocks: another number where they are others; 0: it does not say (RpcVendorIdentify).
  uint64_t data_identity = 0;
};

// Asks the controller, with a page of its memory: all but `io_queue_pairs_max`.
Result<ControllerLimits> identify_limits(Admin& admin, const std::shared_ptr<DmaDescriptor>& page,
                                         uint64_t timeout_ns);

}  // namespace nvm

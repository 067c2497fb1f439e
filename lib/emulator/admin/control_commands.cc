// SPDX-License-Identifier: MIT
// Commands about the controller's conversation with its host: Abort, Asynchronous Event Request,
// Keep Alive, Doorbell Buffer Config (NVMe base 2.0, 5.1, 5.2, 5.13 and 5.8).
#include "emulator/admin/admin_commands.h"

namespace nvm::emulator {

// Done when it returns, so that the limit of concurrent Aborts (Identify ACL) is never reached. DW0
// bit 0 says that there was nothing to abort.
uint16_t abort_command(ControllerState& state, Slot& slot) {
  const uint32_t what = slot.command.sqe.cdw10;
  const bool aborted = state.abort(static_cast<uint16_t>(spec::abort_cdw10::sqid.get(what)),
                                   static_cast<uint16_t>(spec::abort_cdw10::cid.get(what)));
  slot.command.dword0 = spec::abort_dw0::not_aborted.put(aborted ? 0 : 1);
  return spec::status::success;
}

// Stays until there is something to report.
uint16_t asynchronous_event_request(ControllerState& state, Slot& slot) {
  if (state.event_requests.size() == kAsyncEventRequestsMax) {
    return refuse(spec::status::asynchronous_event_request_limit_exceeded);
  }
  state.event_requests.push_back(&slot);
  return kParked;
}

uint16_t keep_alive(ControllerState& state, Slot&) {
  state.restart_keep_alive();
  return spec::status::success;
}

uint16_t doorbell_buffer_config(ControllerState& state, Slot& slot) {
  const spec::SubmissionQueueEntry& sqe = slot.command.sqe;
  if (sqe.prp1 % kPageBytes != 0 || sqe.prp2 % kPageBytes != 0) {
    slot.command.error_location = sqe.prp1 % kPageBytes != 0
                                      ? offsetof(spec::SubmissionQueueEntry, prp1)
                                      : offsetof(spec::SubmissionQueueEntry, prp2);
    return refuse(spec::status::invalid_field);
  }
  return state.use_shadow_doorbells(sqe.prp1, sqe.prp2) ? spec::status::success
                                                        : refuse(spec::status::data_transfer_error);
}

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
#include "driver/controller_limits.h"

#include <cstring>

#include "driver/data_identity.h"
#include "platform/clock.h"

namespace nvm {
namespace {

constexpr uint64_t kPageSize = 4096;

}  // namespace

Result<ControllerLimits> identify_limits(Admin& admin, const std::shared_ptr<DmaDescriptor>& page,
                                         uint64_t timeout_ns) {
  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::identify;
  command.prp1 = page->io_address(0);
  command.cdw10 = spec::cns::identify_controller;
  auto completion = admin.submit(command, timeout_ns, page);
  if (!completion.ok()) return std::move(completion.status());
  NVM_TRY(Status::from_nvme(completion.value().status_field));
  spec::IdentifyController identify;
  std::memcpy(&identify, page->bytes(), sizeof(identify));
  ControllerLimits limits;
  // MDTS is a power of two in minimum memory pages; 0, and what does not fit, mean that there is no
  // limit.
  const uint32_t shift = identify.mdts;
  limits.transfer_bytes_max = shift == 0 || shift >= 51 ? UINT64_MAX : kPageSize << shift;
  limits.takes_sgls = spec::sgls::supported.get(identify.sgls) != 0;
  limits.optional_events = identify.oaes;
  limits.event_requests_max = identify.aerl + 1u;
  limits.takes_shadow_doorbells = spec::oacs::doorbell_buffer_config.get(identify.oacs) != 0;
  limits.data_identity = vendor_data_identity(identify);
  return limits;
}

}  // namespace nvm

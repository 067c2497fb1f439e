// SPDX-License-Identifier: MIT
// Firmware Image Download and Firmware Commit: the one slot is read-only, so no image is of use.
#include "emulator/admin/admin_commands.h"
#include "emulator/admin/persistent_events.h"

namespace nvm::emulator {
namespace {

constexpr uint32_t kOnlySlot = 1;

uint16_t judge_commit(uint32_t cdw10) {
  namespace action = spec::firmware_commit_action;
  const uint32_t slot = spec::firmware_commit_cdw10::fs.get(cdw10);
  switch (spec::firmware_commit_cdw10::ca.get(cdw10)) {
    case action::activate:
      // It is active already.
      return slot == kOnlySlot ? spec::status::success : spec::status::invalid_firmware_slot;
    case action::replace:
    case action::replace_and_activate:
    case action::replace_and_activate_now:
      return spec::status::invalid_firmware_slot;
    default:
      return spec::status::invalid_field;  // there are no boot partitions
  }
}

}  // namespace

uint16_t firmware_commit(ControllerState& state, Slot& slot) {
  const uint32_t cdw10 = slot.command.sqe.cdw10;
  const uint16_t status = judge_commit(cdw10);
  log_firmware_commit(state, cdw10, status);
  return status == spec::status::success ? status : refuse(status);
}

// Nothing would ever use the image: it is refused before any of it is transferred.
uint16_t firmware_image_download(ControllerState&, Slot&) {
  return refuse(spec::status::operation_denied);
}

}  // namespace nvm::emulator

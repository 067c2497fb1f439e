// SPDX-License-Identifier: MIT
// Namespace Attachment: which controllers a namespace is active on (NVMe base 2.0, 5.22).
#include <bit>

#include "emulator/admin/background.h"
#include "emulator/admin/identify.h"

namespace nvm::emulator {
namespace {

// The controllers of the list, a bit for each; 0: the list is not valid.
uint64_t parse(const Subsystem& subsystem, const spec::ControllerList& list) {
  if (list.num == 0 || list.num > std::size(list.identifier)) return 0;
  uint64_t controllers = 0;
  for (size_t i = 0; i < list.num; i++) {
    const uint16_t id = list.identifier[i];
    if (id >= subsystem.controller_count()) return 0;
    if (i > 0 && id <= list.identifier[i - 1]) return 0;
    controllers |= uint64_t{1} << id;
  }
  return controllers;
}

uint64_t existing_controllers(const Subsystem& subsystem) {
  const size_t count = subsystem.controller_count();
  return count == kControllersMax ? UINT64_MAX : (uint64_t{1} << count) - 1;
}

uint16_t attach(Subsystem& subsystem, Namespace& ns, uint64_t controllers) {
  const uint64_t attached = ns.controllers & existing_controllers(subsystem);
  if ((attached & controllers) != 0) return spec::status::namespace_already_attached;
  if (!ns.shared && std::popcount(attached | controllers) > 1) {
    return spec::status::namespace_is_private;
  }
  ns.controllers = attached | controllers;
  return spec::status::success;
}

uint16_t detach(Namespace& ns, uint64_t controllers) {
  if ((ns.controllers & controllers) != controllers) return spec::status::namespace_not_attached;
  ns.controllers &= ~controllers;
  return spec::status::success;
}

uint16_t change(Subsystem& subsystem, const spec::SubmissionQueueEntry& sqe,
                const spec::ControllerList& list) {
  Namespace* ns = subsystem.find_namespace(sqe.nsid);
  if (ns == nullptr) return spec::status::invalid_field;  // deleted meanwhile
  const uint64_t controllers = parse(subsystem, list);
  if (controllers == 0) return spec::status::controller_list_invalid;
  const bool attaches = spec::namespace_attachment_cdw10::sel.get(sqe.cdw10) ==
                        spec::namespace_attachment_select::attach;
  const uint16_t status = attaches ? attach(subsystem, *ns, controllers) : detach(*ns, controllers);
  if (status == spec::status::success) notify_namespace_changed(subsystem, ns->id, controllers);
  return status;
}

Task receive_and_change(ControllerState& state, Slot& slot) {
  spec::ControllerList list;
  const uint16_t received = co_await receive_from_host(
      slot.command.data, 0, reinterpret_cast<std::byte*>(&list), sizeof(list));
  if (received != spec::status::success) co_return received;
  const uint16_t status = change(state.subsystem, slot.command.sqe, list);
  if (status != spec::status::success) co_return refuse(status);
  Task saved = run_background(state, std::make_shared<Outcome>(), save_now(state.subsystem));
  co_return co_await saved;
}

uint16_t begin(ControllerState& state, Slot& slot) {
  const spec::SubmissionQueueEntry& sqe = slot.command.sqe;
  if (spec::namespace_attachment_cdw10::sel.get(sqe.cdw10) >
      spec::namespace_attachment_select::detach) {
    return spec::status::invalid_field;
  }
  if (!state.subsystem.is_valid_namespace_id(sqe.nsid)) {
    return spec::status::invalid_namespace_or_format;
  }
  if (state.subsystem.find_namespace(sqe.nsid) == nullptr) return spec::status::invalid_field;
  const uint16_t found = find_data(state, slot, sizeof(spec::ControllerList), Direction::FromHost);
  return found != spec::status::success ? found : begin_task(slot, receive_and_change(state, slot));
}

}  // namespace

uint16_t namespace_attachment(ControllerState& state, Slot& slot) {
  const uint16_t status = begin(state, slot);
  return status == kGoesOn || status == spec::status::success ? status : refuse(status);
}

}  // namespace nvm::emulator

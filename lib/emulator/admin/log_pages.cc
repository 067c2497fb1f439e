// SPDX-License-Identifier: MIT
// Get Log Page: one row per page.
#include "emulator/admin/log_pages.h"

#include <algorithm>

#include "emulator/admin/admin_commands.h"
#include "emulator/admin/identify.h"
#include "emulator/admin/persistent_events.h"

namespace nvm::emulator {
namespace {

LogBytes established_event_log(ControllerState& state) {
  return state.admin.event_log;
}

constexpr LogPage kPages[] = {
    {spec::log_page::supported_log_pages, supported_log_pages},
    {spec::log_page::error_information, error_information},
    {spec::log_page::smart_health_information, smart_health_information},
    {spec::log_page::firmware_slot_information, firmware_slots},
    {spec::log_page::changed_namespace_list, changed_namespaces},
    {spec::log_page::commands_supported_and_effects, command_effects},
    {spec::log_page::device_self_test, self_test_log},
    {spec::log_page::persistent_event_log, established_event_log},
    {spec::log_page::feature_identifiers_supported_and_effects, feature_effects},
    {spec::log_page::nvme_mi_commands_supported_and_effects, management_command_effects},
    {spec::log_page::sanitize_status, sanitize_log},
};

// What the command asks for, beyond the page itself.
struct Request {
  uint64_t byte_length;
  uint64_t offset;
};

Request parse(const spec::SubmissionQueueEntry& sqe) {
  const uint64_t dwords = (uint64_t{spec::get_log_page_cdw11::numdu.get(sqe.cdw11)} << 16 |
                           spec::get_log_page_cdw10::numdl.get(sqe.cdw10)) +
                          1;
  return {dwords * sizeof(uint32_t), sqe.cdw12 | uint64_t{sqe.cdw13} << 32};
}

bool is_of_one_namespace(uint32_t namespace_id) {
  return namespace_id != 0 && namespace_id != kBroadcastNamespaceId;
}

uint16_t judge(const ControllerState& state, const spec::SubmissionQueueEntry& sqe) {
  const uint32_t id = spec::get_log_page_cdw10::lid.get(sqe.cdw10);
  const Request request = parse(sqe);
  // No page has index offsets, and no namespace a page of its own (LPA).
  const bool refused =
      request.byte_length > state.transfer_bytes_max() || request.offset % sizeof(uint32_t) != 0 ||
      spec::get_log_page_cdw14::ot.get(sqe.cdw14) != 0 ||
      spec::get_log_page_cdw14::uuid_index.get(sqe.cdw14) != 0 ||
      (id == spec::log_page::smart_health_information && is_of_one_namespace(sqe.nsid));
  return refused ? spec::status::invalid_field : spec::status::success;
}

// The Persistent Event Log is read in a context, in which it does not change.
uint16_t use_event_context(ControllerState& state, const spec::SubmissionQueueEntry& sqe) {
  namespace action = spec::persistent_event_action;
  const bool established = !state.admin.event_log.empty();
  switch (spec::get_log_page_cdw10::lsp.get(sqe.cdw10)) {
    case action::read:
      return established ? spec::status::success : spec::status::command_sequence_error;
    case action::establish_context_and_read:
      if (established) return spec::status::command_sequence_error;
      state.admin.event_log = persistent_event_log(state);
      return spec::status::success;
    default:
      return spec::status::invalid_field;
  }
}

bool releases_event_context(const spec::SubmissionQueueEntry& sqe) {
  return spec::get_log_page_cdw10::lid.get(sqe.cdw10) == spec::log_page::persistent_event_log &&
         spec::get_log_page_cdw10::lsp.get(sqe.cdw10) ==
             spec::persistent_event_action::release_context;
}

// What reading a page changes.
void note_read(ControllerState& state, const spec::SubmissionQueueEntry& sqe) {
  const auto id = static_cast<uint8_t>(spec::get_log_page_cdw10::lid.get(sqe.cdw10));
  if (spec::get_log_page_cdw10::rae.get(sqe.cdw10) != 0) return;
  if (id == spec::log_page::changed_namespace_list) state.admin.changed_namespaces.clear();
  state.events.log_page_read(id);
}

}  // namespace

std::span<const LogPage> log_pages() {
  return kPages;
}

uint16_t get_log_page(ControllerState& state, Slot& slot) {
  const spec::SubmissionQueueEntry& sqe = slot.command.sqe;
  const uint32_t id = spec::get_log_page_cdw10::lid.get(sqe.cdw10);
  const LogPage* page = std::find_if(std::begin(kPages), std::end(kPages),
                                     [id](const LogPage& row) { return row.id == id; });
  if (page == std::end(kPages)) return refuse(spec::status::invalid_log_page);
  if (releases_event_context(sqe)) {
    state.admin.event_log.clear();
    return spec::status::success;
  }
  const uint16_t judged = judge(state, sqe);
  if (judged != spec::status::success) return refuse(judged);
  if (id == spec::log_page::persistent_event_log) {
    const uint16_t context = use_event_context(state, sqe);
    if (context != spec::status::success) return refuse(context);
  }
  const Request request = parse(sqe);
  LogBytes bytes = page->read(state);
  if (id == spec::log_page::commands_supported_and_effects &&
      spec::get_log_page_cdw14::csi.get(sqe.cdw14) != spec::csi::nvm) {
    remove_io_commands(bytes);
  }
#if !NVM_CANARY_LOG_OFFSET_UNBOUNDED
  if (request.offset > bytes.size()) return refuse(spec::status::invalid_field);
#endif
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(request.offset));
  bytes.resize(request.byte_length);
  const uint16_t status = send_to_host(state, slot, bytes.data(), bytes.size());
  if (status == spec::status::success || status == kGoesOn) note_read(state, sqe);
  return status;
}

}  // namespace nvm::emulator

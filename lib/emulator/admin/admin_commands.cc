// SPDX-License-Identifier: MIT
#include "emulator/admin/admin_commands.h"

#include <algorithm>
#include <array>

namespace nvm::emulator {
namespace {

// Ends a command early where nothing works on it any more; DW0 bit 0 says that none was found.
uint16_t abort_command(ControllerState& state, Slot& slot) {
  const uint32_t what = slot.command.sqe.cdw10;
  const auto named = [what](const Slot* other) {
    return other->queue->id == spec::abort_cdw10::sqid.get(what) &&
           other->command.sqe.cid == spec::abort_cdw10::cid.get(what);
  };
  Slot* found = nullptr;
  auto request = std::find_if(state.event_requests.begin(), state.event_requests.end(), named);
  if (request != state.event_requests.end()) {
    found = *request;
    state.event_requests.erase(request);
  } else {
    auto entry = std::find_if(state.timed.begin(), state.timed.end(),
                              [&](const Timed& timed) { return named(timed.slot); });
    if (entry != state.timed.end()) {
      found = entry->slot;
      state.timed.erase(entry);
      std::make_heap(state.timed.begin(), state.timed.end(), later);
    }
  }
  if (found == nullptr) {
    slot.command.dword0 = spec::abort_dw0::not_aborted.put(1);
    return spec::status::success;
  }
  found->command.status_field = spec::status::command_aborted;
  state.complete(found);
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

using Handler = uint16_t (*)(ControllerState&, Slot&);
struct Row {
  uint8_t opcode;
  Handler handler;
};

constexpr Row kRows[] = {
    {spec::admin_opcode::delete_io_submission_queue, delete_io_submission_queue},
    {spec::admin_opcode::create_io_submission_queue, create_io_submission_queue},
    {spec::admin_opcode::get_log_page, get_log_page},
    {spec::admin_opcode::delete_io_completion_queue, delete_io_completion_queue},
    {spec::admin_opcode::create_io_completion_queue, create_io_completion_queue},
    {spec::admin_opcode::identify, identify},
    {spec::admin_opcode::abort, abort_command},
    {spec::admin_opcode::set_features, set_features},
    {spec::admin_opcode::get_features, get_features},
    {spec::admin_opcode::asynchronous_event_request, asynchronous_event_request},
};

constexpr auto kHandlers = [] {
  std::array<Handler, 256> handlers{};
  for (const Row& row : kRows) handlers[row.opcode] = row.handler;
  return handlers;
}();

Task send_copy(Command& command, std::vector<std::byte> bytes) {
  co_return co_await send_to_host(command.data, 0, bytes.data(), bytes.size());
}

}  // namespace

uint16_t execute_admin(ControllerState& state, Slot& slot) {
  const Handler handler = kHandlers[slot.command.sqe.opc];
  if (handler == nullptr) return refuse(spec::status::invalid_opcode);
  const uint8_t flags = slot.command.sqe.flags;
  if (spec::sqe_flags::fuse.get(flags) != 0 || spec::sqe_flags::psdt.get(flags) != 0) {
    return refuse(spec::status::invalid_field);
  }
  return handler(state, slot);
}

uint16_t send_to_host(ControllerState& state, Slot& slot, const void* bytes, uint64_t byte_length) {
  slot.host_lengths = {byte_length, 0};
  slot.direction = Direction::ToHost;
  const uint16_t status = state.find_host_memory(slot);
  if (status != spec::status::success) return status;
  const auto* first = static_cast<const std::byte*>(bytes);
  return begin_task(slot, send_copy(slot.command, {first, first + byte_length}));
}

uint16_t begin_task(Slot& slot, Task task) {
  slot.command.task = std::move(task);
  return go_on(slot.command) == Progress::Done ? slot.command.status_field : kGoesOn;
}

}  // namespace nvm::emulator

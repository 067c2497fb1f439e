// SPDX-License-Identifier: MIT
#include "emulator/admin/admin_commands.h"

#include <array>

#include "emulator/admin/sanitize.h"
#include "emulator/faults/fault.h"

namespace nvm::emulator {
namespace {

constexpr uint32_t kAlone = 1;  // CSE: with no other command for the namespace at the same time
constexpr uint32_t kInventoryChange = spec::command_effects::nic.put(1);
constexpr uint32_t kFormatEffects = spec::command_effects::lbcc.put(1) |
                                    spec::command_effects::ncc.put(1) |
                                    spec::command_effects::cse.put(kAlone);
constexpr uint32_t kSanitizeEffects =
    spec::command_effects::lbcc.put(1) | spec::command_effects::cse.put(kAlone);

constexpr AdminCommand kCommands[] = {
    {spec::admin_opcode::delete_io_submission_queue, delete_io_submission_queue, 0, true},
    {spec::admin_opcode::create_io_submission_queue, create_io_submission_queue, 0, true},
    {spec::admin_opcode::get_log_page, get_log_page, 0, true},
    {spec::admin_opcode::delete_io_completion_queue, delete_io_completion_queue, 0, true},
    {spec::admin_opcode::create_io_completion_queue, create_io_completion_queue, 0, true},
    {spec::admin_opcode::identify, identify, 0, true},
    {spec::admin_opcode::abort, abort_command, 0, true},
    {spec::admin_opcode::set_features, set_features, 0, true},
    {spec::admin_opcode::get_features, get_features, 0, true},
    {spec::admin_opcode::asynchronous_event_request, asynchronous_event_request, 0, true},
    {spec::admin_opcode::keep_alive, keep_alive, 0, true},
    {spec::admin_opcode::doorbell_buffer_config, doorbell_buffer_config, 0, true},
    {spec::admin_opcode::namespace_management, namespace_management, kInventoryChange, false},
    {spec::admin_opcode::firmware_commit, firmware_commit, 0, false},
    {spec::admin_opcode::firmware_image_download, firmware_image_download, 0, false},
    {spec::admin_opcode::device_self_test, device_self_test, 0, false},
    {spec::admin_opcode::namespace_attachment, namespace_attachment, kInventoryChange, false},
    {spec::admin_opcode::format_nvm, format_nvm, kFormatEffects, false},
    {spec::admin_opcode::sanitize, sanitize, kSanitizeEffects, true},
};

constexpr auto kByOpcode = [] {
  std::array<const AdminCommand*, 256> commands{};
  for (const AdminCommand& command : kCommands) commands[command.opcode] = &command;
  return commands;
}();

Task send_copy(Command& command, std::vector<std::byte> bytes) {
  co_return co_await send_to_host(command.data, 0, bytes.data(), bytes.size());
}

void corrupt_for_host(const FaultEffect& effect, std::span<std::byte> data) {
  const CorruptedByte* corrupted = effect.corrupts(CorruptedData::ToHost);
  if (corrupted == nullptr || data.empty()) return;
  data[corrupted->offset(data.size(), 0)] ^= std::byte{corrupted->xor_mask};
}

}  // namespace

std::span<const AdminCommand> admin_commands() {
  return kCommands;
}

bool has_admin_command(uint8_t opcode) {
  return kByOpcode[opcode] != nullptr;
}

uint16_t execute_admin(ControllerState& state, Slot& slot) {
  const AdminCommand* command = kByOpcode[slot.command.sqe.opc];
  if (command == nullptr) return refuse(spec::status::invalid_opcode);
  const uint8_t flags = slot.command.sqe.flags;
  if (spec::sqe_flags::fuse.get(flags) != 0 || spec::sqe_flags::psdt.get(flags) != 0) {
    return refuse(spec::status::invalid_field);
  }
  const uint16_t refusal = command->during_sanitize ? 0 : sanitize_refusal(state.subsystem);
  return refusal != spec::status::success ? refuse(refusal) : command->handler(state, slot);
}

uint16_t find_data(ControllerState& state, Slot& slot, uint64_t byte_length, Direction direction) {
  slot.host_lengths = {byte_length, 0};
  slot.direction = direction;
  return state.find_host_memory(slot);
}

uint16_t send_to_host(ControllerState& state, Slot& slot, const void* bytes, uint64_t byte_length) {
  const uint16_t status = find_data(state, slot, byte_length, Direction::ToHost);
  if (status != spec::status::success) return status;
  const auto* first = static_cast<const std::byte*>(bytes);
  std::vector<std::byte> copy(first, first + byte_length);
  if (slot.effect != nullptr) corrupt_for_host(*slot.effect, copy);
  return begin_task(slot, send_copy(slot.command, std::move(copy)));
}

uint16_t begin_task(Slot& slot, Task task) {
  slot.command.task = std::move(task);
  return go_on(slot.command) == Progress::Done ? slot.command.status_field : kGoesOn;
}

}  // namespace nvm::emulator

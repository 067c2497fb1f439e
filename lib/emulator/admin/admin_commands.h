// SPDX-License-Identifier: MIT
// The admin command set: a table from opcode to handler, one row and one small function per
// command. A handler returns the status to complete with, or kParked.
#pragma once

#include <cstdint>
#include <span>

#include "emulator/controller_state.h"

namespace nvm::emulator {

struct AdminCommand {
  uint8_t opcode;
  uint16_t (*handler)(ControllerState&, Slot&);
  uint32_t effects;      // as Commands Supported and Effects has it, without CSUPP
  bool during_sanitize;  // allowed while a sanitize operation runs or has failed
};
std::span<const AdminCommand> admin_commands();
bool has_admin_command(uint8_t opcode);

uint16_t execute_admin(ControllerState& state, Slot& slot);

// An invalid command stays invalid: tells the host not to retry.
constexpr uint16_t refuse(uint16_t status) {
  return status | spec::status::dnr;
}

// Copies `byte_length` bytes to where the command's PRPs point; the status of doing so, or kGoesOn.
uint16_t send_to_host(ControllerState& state, Slot& slot, const void* bytes, uint64_t byte_length);

// Finds the host memory of a handler's task: `byte_length` bytes of slot.command.data.
uint16_t find_data(ControllerState& state, Slot& slot, uint64_t byte_length, Direction direction);

// Begins a handler that takes more than one step: its status, or kGoesOn.
uint16_t begin_task(Slot& slot, Task task);

// queue_commands.cc
uint16_t create_io_submission_queue(ControllerState& state, Slot& slot);
uint16_t create_io_completion_queue(ControllerState& state, Slot& slot);
uint16_t delete_io_submission_queue(ControllerState& state, Slot& slot);
uint16_t delete_io_completion_queue(ControllerState& state, Slot& slot);

// control_commands.cc
uint16_t abort_command(ControllerState& state, Slot& slot);
uint16_t asynchronous_event_request(ControllerState& state, Slot& slot);
uint16_t keep_alive(ControllerState& state, Slot& slot);
uint16_t doorbell_buffer_config(ControllerState& state, Slot& slot);

// identify.cc
uint16_t identify(ControllerState& state, Slot& slot);

// features.cc
uint16_t set_features(ControllerState& state, Slot& slot);
uint16_t get_features(ControllerState& state, Slot& slot);
// After a controller level reset: saved values, or those before anybody set them.
void reset_features(ControllerState& state);

// log_pages.cc
uint16_t get_log_page(ControllerState& state, Slot& slot);

// format.cc
uint16_t format_nvm(ControllerState& state, Slot& slot);
// Success, or Invalid Format.
uint16_t check_format(const NamespaceFormat& format);
// The format with such blocks and without metadata, which exists.
uint8_t plain_lba_format(uint32_t data_byte_length);

// namespace_management.cc, namespace_attachment.cc
uint16_t namespace_management(ControllerState& state, Slot& slot);
uint16_t namespace_attachment(ControllerState& state, Slot& slot);

// self_test.cc, sanitize.cc
uint16_t device_self_test(ControllerState& state, Slot& slot);
uint16_t sanitize(ControllerState& state, Slot& slot);

// firmware.cc
uint16_t firmware_commit(ControllerState& state, Slot& slot);
uint16_t firmware_image_download(ControllerState& state, Slot& slot);

}  // namespace nvm::emulator

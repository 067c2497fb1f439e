// SPDX-License-Identifier: MIT
// The admin command set: a table from opcode to handler, one row and one small function per
// command. A handler returns the status to complete with, or kParked.
#pragma once

#include <cstdint>

#include "emulator/controller_state.h"

namespace nvm::emulator {

uint16_t execute_admin(ControllerState& state, Slot& slot);

// An invalid command stays invalid: tells the host not to retry.
constexpr uint16_t refuse(uint16_t status) {
  return status | spec::status::dnr;
}

// Copies `byte_length` bytes to where the command's PRPs point; the status of doing so, or kGoesOn.
uint16_t send_to_host(ControllerState& state, Slot& slot, const void* bytes, uint64_t byte_length);

// Begins a handler that takes more than one step: its status, or kGoesOn.
uint16_t begin_task(Slot& slot, Task task);

// queue_commands.cc
uint16_t create_io_submission_queue(ControllerState& state, Slot& slot);
uint16_t create_io_completion_queue(ControllerState& state, Slot& slot);
uint16_t delete_io_submission_queue(ControllerState& state, Slot& slot);
uint16_t delete_io_completion_queue(ControllerState& state, Slot& slot);

// identify.cc
uint16_t identify(ControllerState& state, Slot& slot);

// features.cc
uint16_t set_features(ControllerState& state, Slot& slot);
uint16_t get_features(ControllerState& state, Slot& slot);
void reset_features(ControllerState& state);

// log_pages.cc
uint16_t get_log_page(ControllerState& state, Slot& slot);

}  // namespace nvm::emulator

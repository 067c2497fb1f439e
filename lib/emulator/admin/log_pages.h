// SPDX-License-Identifier: MIT
// The log pages: each function gives one page as it is now.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "emulator/controller_state.h"

namespace nvm::emulator {

using LogBytes = std::vector<std::byte>;

template <class Structure>
LogBytes bytes_of(const Structure& structure) {
  const auto bytes = std::as_bytes(std::span(&structure, 1));
  return {bytes.begin(), bytes.end()};
}

struct LogPage {
  uint8_t id;
  LogBytes (*read)(ControllerState&);
};
std::span<const LogPage> log_pages();

// effects_logs.cc
LogBytes supported_log_pages(ControllerState& state);
LogBytes command_effects(ControllerState& state);
void remove_io_commands(LogBytes& effects);  // as of a command set that we do not have
LogBytes feature_effects(ControllerState& state);
LogBytes management_command_effects(ControllerState& state);

// health_logs.cc
LogBytes error_information(ControllerState& state);
LogBytes smart_health_information(ControllerState& state);
LogBytes firmware_slots(ControllerState& state);
LogBytes changed_namespaces(ControllerState& state);
LogBytes self_test_log(ControllerState& state);
LogBytes sanitize_log(ControllerState& state);

}  // namespace nvm::emulator

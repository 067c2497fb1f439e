// SPDX-License-Identifier: MIT
// How the subsystem fares: what SMART / Health Information counts.
#pragma once

#include <cstdint>

#include "spec/nvme.h"

namespace nvm::emulator {

class ControllerState;
class Subsystem;

// What was counted before the controllers of this process began to count.
struct Health {
  bool running = false;  // a host uses a controller and has not shut it down
  uint64_t power_cycles = 1;
  uint64_t unsafe_shutdowns = 0;
  uint64_t power_on_ns = 0;
  uint64_t busy_ns = 0;
  uint64_t bytes_read = 0;
  uint64_t bytes_written = 0;
  uint64_t read_commands = 0;
  uint64_t write_commands = 0;
  uint64_t media_errors = 0;
  uint64_t errors = 0;
};

// Up to now.
Health total_health(Subsystem& subsystem);
uint64_t power_on_hours(Subsystem& subsystem);

// As `state`, whose thresholds decide about warnings, reports it.
spec::SmartLog smart_log(ControllerState& state);
// The host has enabled the controller, or has shut it down in an orderly way.
void note_enabled(ControllerState& state);
void note_shut_down(ControllerState& state);
// Tells the host when the temperature is beyond a threshold.
void report_temperature(ControllerState& state);

}  // namespace nvm::emulator

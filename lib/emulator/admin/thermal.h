// SPDX-License-Identifier: MIT
// The temperatures that the controller reports, in kelvin. Nothing heats it.
#pragma once

#include <cstdint>

namespace nvm::emulator {

constexpr uint16_t kTemperature = 311;
constexpr uint16_t kWarningTemperature = 343;
constexpr uint16_t kCriticalTemperature = 353;
// Between which Host Controlled Thermal Management may be asked to begin.
constexpr uint16_t kThermalManagementMin = 323;
constexpr uint16_t kThermalManagementMax = 353;

}  // namespace nvm::emulator

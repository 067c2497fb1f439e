// SPDX-License-Identifier: MIT
// What is true of each feature. What is not in the table is refused, so that no host relies on what
// is not done.
#pragma once

#include <cstdint>

#include "emulator/admin/admin_commands.h"
#include "emulator/admin/features.h"

namespace nvm::emulator {

struct Feature {
  uint8_t id;
  uint32_t initial;
  uint32_t writable;  // bits that a host may set; the others are ignored
  bool saveable;
  bool namespace_specific;
  // Judges a new value; null: any is good.
  uint16_t (*check)(const ControllerState&, uint32_t value);
  // The part of the feature that CDW11 names, or a status; null: it has none.
  uint16_t (*find_part)(const ControllerState&, uint32_t cdw11, uint32_t& part);
  // What setting it does besides; its status, or kGoesOn. Null: nothing.
  uint16_t (*apply)(ControllerState&, Slot&);
  // Features whose value is more than 32 bits: these do everything. Null for the others.
  uint16_t (*set_data)(ControllerState&, Slot&);
  uint16_t (*get_data)(ControllerState&, Slot&, uint32_t select);
};

// Null when there is no such feature.
const Feature* find_feature(uint8_t id);
// The value before anybody set it.
uint32_t initial_value(const Feature& feature, uint32_t part);

// feature_data.cc
uint16_t set_timestamp(ControllerState& state, Slot& slot);
uint16_t get_timestamp(ControllerState& state, Slot& slot, uint32_t select);
uint16_t set_host_behavior(ControllerState& state, Slot& slot);
uint16_t get_host_behavior(ControllerState& state, Slot& slot, uint32_t select);

// feature_effects.cc
// Namespaces are written through while any controller has switched the cache off.
void update_write_cache(Subsystem& subsystem);
uint16_t apply_write_cache(ControllerState& state, Slot& slot);
uint16_t apply_temperature_threshold(ControllerState& state, Slot& slot);
uint16_t apply_vector_configuration(ControllerState& state, Slot& slot);

}  // namespace nvm::emulator

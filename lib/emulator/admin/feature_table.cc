// SPDX-License-Identifier: MIT
#include "emulator/admin/feature_table.h"

#include <algorithm>

#include "emulator/admin/thermal.h"

namespace nvm::emulator {
namespace {

constexpr uint32_t kAllTemperatures = 15;  // TMPSEL in Set Features

uint16_t check_power_state(const ControllerState&, uint32_t value) {
  constexpr uint32_t kLastWorkloadHint = 2;
  namespace field = spec::feature_power_management;
  const bool known = field::ps.get(value) == 0 && field::wh.get(value) <= kLastWorkloadHint;
  return known ? spec::status::success : spec::status::invalid_field;
}

// Deallocated blocks are read without an error (NSFEAT).
uint16_t check_error_recovery(const ControllerState&, uint32_t value) {
  return spec::feature_error_recovery::dulbe.get(value) == 0 ? spec::status::success
                                                             : spec::status::invalid_field;
}

uint16_t check_thermal_management(const ControllerState&, uint32_t value) {
  namespace field = spec::feature_host_controlled_thermal_management;
  const uint32_t light = field::tmt1.get(value);
  const uint32_t heavy = field::tmt2.get(value);
  const auto possible = [](uint32_t kelvin) {
    return kelvin == 0 || (kelvin >= kThermalManagementMin && kelvin <= kThermalManagementMax);
  };
  if (!possible(light) || !possible(heavy)) return spec::status::invalid_field;
  return light != 0 && heavy != 0 && light >= heavy ? spec::status::invalid_field
                                                    : spec::status::success;
}

// No power state is non-operational (CTRATT).
uint16_t check_permissive_mode(const ControllerState&, uint32_t value) {
  return value == 0 ? spec::status::success : spec::status::invalid_field;
}

// Combination 0, the NVM command set, is the only one.
uint16_t check_command_sets(const ControllerState&, uint32_t value) {
  return value == 0 ? spec::status::success : spec::status::command_set_combination_rejected;
}

uint16_t find_threshold(const ControllerState&, uint32_t cdw11, uint32_t& part) {
  namespace field = spec::feature_temperature_threshold;
  const uint32_t which = field::tmpsel.get(cdw11);
  part = field::thsel.get(cdw11);
  const bool known =
      (which == 0 || which == kAllTemperatures) && part <= spec::temperature_threshold_type::under;
  return known ? spec::status::success : spec::status::invalid_field;
}

uint16_t find_vector(const ControllerState& state, uint32_t cdw11, uint32_t& part) {
  part = spec::feature_interrupt_vector_configuration::iv.get(cdw11);
  return part < state.limits.interrupt_vectors_max ? spec::status::success
                                                   : spec::status::invalid_field;
}

constexpr uint32_t kEventsOffered =
    spec::feature_asynchronous_event_configuration::smart.mask |
    spec::feature_asynchronous_event_configuration::namespace_attribute.mask;

constexpr Feature kFeatures[] = {
    {spec::feature::arbitration, kArbitrationBurst, 0xffffff07, true, false, nullptr, nullptr,
     nullptr, nullptr, nullptr},
    {spec::feature::power_management, 0, 0xff, true, false, check_power_state, nullptr, nullptr,
     nullptr, nullptr},
    {spec::feature::temperature_threshold, kWarningTemperature, 0xffff, true, false, nullptr,
     find_threshold, apply_temperature_threshold, nullptr, nullptr},
    {spec::feature::error_recovery, 0, 0x1ffff, true, true, check_error_recovery, nullptr, nullptr,
     nullptr, nullptr},
    {spec::feature::volatile_write_cache, 1, 1, true, false, nullptr, nullptr, apply_write_cache,
     nullptr, nullptr},
    {spec::feature::interrupt_coalescing, 0, 0xffff, true, false, nullptr, nullptr, nullptr,
     nullptr, nullptr},
    {spec::feature::interrupt_vector_configuration, 0, 0x1ffff, true, false, nullptr, find_vector,
     apply_vector_configuration, nullptr, nullptr},
    {spec::feature::write_atomicity_normal, 0, 1, true, false, nullptr, nullptr, nullptr, nullptr,
     nullptr},
    {spec::feature::asynchronous_event_configuration, 0, kEventsOffered, true, false, nullptr,
     nullptr, nullptr, nullptr, nullptr},
    {spec::feature::timestamp, 0, 0, false, false, nullptr, nullptr, nullptr, set_timestamp,
     get_timestamp},
    {spec::feature::keep_alive_timer, 0, 0xffffffff, false, false, nullptr, nullptr, nullptr,
     nullptr, nullptr},
    {spec::feature::host_controlled_thermal_management, 0, 0xffffffff, true, false,
     check_thermal_management, nullptr, nullptr, nullptr, nullptr},
    {spec::feature::non_operational_power_state_config, 0, 1, true, false, check_permissive_mode,
     nullptr, nullptr, nullptr, nullptr},
    {spec::feature::io_command_set_profile, 0, 0x1ff, true, false, check_command_sets, nullptr,
     nullptr, nullptr, nullptr},
    {spec::feature::host_behavior_support, 0, 0, false, false, nullptr, nullptr, nullptr,
     set_host_behavior, get_host_behavior},
};

}  // namespace

const Feature* find_feature(uint8_t id) {
  const auto* found = std::find_if(std::begin(kFeatures), std::end(kFeatures),
                                   [id](const Feature& feature) { return feature.id == id; });
  return found == std::end(kFeatures) ? nullptr : found;
}

uint32_t initial_value(const Feature& feature, uint32_t part) {
  if (feature.id == spec::feature::temperature_threshold) {
    return part == spec::temperature_threshold_type::over ? feature.initial : 0;
  }
  if (feature.id == spec::feature::interrupt_vector_configuration) return part;
  return feature.initial;
}

}  // namespace nvm::emulator

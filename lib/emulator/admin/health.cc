// SPDX-License-Identifier: MIT
#include "emulator/admin/health.h"

#include "emulator/admin/background.h"
#include "emulator/admin/features.h"
#include "emulator/admin/thermal.h"
#include "emulator/controller_state.h"
#include "emulator/records.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kNanosecondsPerMinute = 60'000'000'000;
constexpr uint64_t kNanosecondsPerHour = 60 * kNanosecondsPerMinute;

// In thousands of 512 bytes, rounded up.
uint64_t data_units(uint64_t byte_length) {
  constexpr uint64_t kUnit = 512'000;
  return byte_length / kUnit + (byte_length % kUnit != 0);
}

bool has_temperature_warning(const ControllerState& state) {
  namespace type = spec::temperature_threshold_type;
  const uint8_t id = spec::feature::temperature_threshold;
  return kTemperature >= feature_value(state, {id, type::over}) ||
         kTemperature <= feature_value(state, {id, type::under});
}

bool has_read_only_namespace(const Subsystem& subsystem) {
  bool found = false;
  subsystem.for_each_namespace([&](const Namespace& ns) { found |= ns.store->read_only(); });
  return found;
}

}  // namespace

Health total_health(Subsystem& subsystem) {
  Health total = subsystem.records().health;
  total.power_on_ns += subsystem.running_ns();
  for (size_t i = 0; i < subsystem.controller_count(); i++) {
    const ControllerState& state = subsystem.controller(i).state();
    const Statistics& counted = state.statistics;
    total.busy_ns += counted.busy_ns;
    total.bytes_read += counted.bytes_read();
    total.bytes_written += counted.bytes_written();
    total.read_commands += counted.read_commands();
    total.write_commands += counted.write_commands();
    total.media_errors += counted.media_errors;
    total.errors += state.error_log.count();
  }
  return total;
}

uint64_t power_on_hours(Subsystem& subsystem) {
  return total_health(subsystem).power_on_ns / kNanosecondsPerHour;
}

spec::SmartLog smart_log(ControllerState& state) {
  const Health health = total_health(state.subsystem);
  spec::SmartLog log{};
  log.critical_warning =
      spec::critical_warning::temperature.put(has_temperature_warning(state)) |
      spec::critical_warning::read_only.put(has_read_only_namespace(state.subsystem));
  log.composite_temperature = kTemperature;
  log.available_spare = 100;
  log.available_spare_threshold = 10;
  log.data_units_read.low = data_units(health.bytes_read);
  log.data_units_written.low = data_units(health.bytes_written);
  log.host_read_commands.low = health.read_commands;
  log.host_write_commands.low = health.write_commands;
  log.controller_busy_time.low = health.busy_ns / kNanosecondsPerMinute;
  log.power_cycles.low = health.power_cycles;
  log.power_on_hours.low = health.power_on_ns / kNanosecondsPerHour;
  log.unsafe_shutdowns.low = health.unsafe_shutdowns;
  log.media_errors.low = health.media_errors;
  log.error_log_entries.low = health.errors;
  return log;
}

void note_enabled(ControllerState& state) {
  Health& health = state.subsystem.records().health;
  state.admin.in_use = true;
  if (!health.running) log_smart_snapshot(state);
  health.running = true;
  state.subsystem.save_soon();
}

void note_shut_down(ControllerState& state) {
  Subsystem& subsystem = state.subsystem;
  state.admin.in_use = false;
  bool running = false;
  for (size_t i = 0; i < subsystem.controller_count(); i++) {
    running |= subsystem.controller(i).state().admin.in_use;
  }
  subsystem.records().health.running = running;
  subsystem.begin_work(save_now(subsystem));
}

void report_temperature(ControllerState& state) {
  if (!has_temperature_warning(state)) return;
  state.report({spec::async_event_type::health, spec::async_event_health::temperature_threshold,
                spec::log_page::smart_health_information});
}

}  // namespace nvm::emulator

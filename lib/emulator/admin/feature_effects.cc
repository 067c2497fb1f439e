// SPDX-License-Identifier: MIT
// What setting a feature does at once.
#include "emulator/admin/feature_table.h"
#include "emulator/admin/health.h"
#include "emulator/nvm/commands.h"

namespace nvm::emulator {
namespace {

// What is in the cache becomes durable before the host hears that there is none any more.
Task flush_all(Subsystem& subsystem, Command& command) {
  for (uint32_t id = 1; id <= subsystem.namespaces_max(); id++) {
    Namespace* ns = subsystem.find_namespace(id);
    if (ns == nullptr) continue;
    const InFlight stays(*ns);
    const uint16_t status = co_await commands::flush(*ns, command);
    if (status != spec::status::success) co_return status;
  }
  co_return spec::status::success;
}

}  // namespace

void update_write_cache(Subsystem& subsystem) {
  bool enabled = true;
  for (size_t i = 0; i < subsystem.controller_count(); i++) {
    enabled &= subsystem.controller(i).state().features[spec::feature::volatile_write_cache] != 0;
  }
  subsystem.for_each_namespace([enabled](Namespace& ns) { ns.write_through = !enabled; });
}

uint16_t apply_write_cache(ControllerState& state, Slot& slot) {
  update_write_cache(state.subsystem);
  if (state.features[spec::feature::volatile_write_cache] != 0) return spec::status::success;
  return begin_task(slot, flush_all(state.subsystem, slot.command));
}

uint16_t apply_vector_configuration(ControllerState& state, Slot& slot) {
  const uint32_t value = slot.command.sqe.cdw11;
  const uint32_t vector = spec::feature_interrupt_vector_configuration::iv.get(value);
  state.vectors[vector].coalescing_disabled =
      spec::feature_interrupt_vector_configuration::cd.get(value) != 0;
  return spec::status::success;
}

uint16_t apply_temperature_threshold(ControllerState& state, Slot&) {
  report_temperature(state);
  return spec::status::success;
}

}  // namespace nvm::emulator

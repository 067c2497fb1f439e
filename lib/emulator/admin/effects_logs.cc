// SPDX-License-Identifier: MIT
// Log pages that say what there is and what it changes: all read off the tables.
#include <algorithm>
#include <cstddef>

#include "emulator/admin/admin_commands.h"
#include "emulator/admin/feature_table.h"
#include "emulator/admin/log_pages.h"
#include "emulator/io_command.h"
#include "emulator/nvm/limits.h"

namespace nvm::emulator {

LogBytes supported_log_pages(ControllerState&) {
  spec::SupportedLogPages log{};
  for (const LogPage& page : log_pages()) {
    log.lid_support[page.id] = spec::lid_effects::lsupp.put(1);
  }
  return bytes_of(log);
}

LogBytes command_effects(ControllerState& state) {
  spec::CommandEffectsLog log{};
  for (const AdminCommand& command : admin_commands()) {
    log.acs[command.opcode] = command.effects | spec::command_effects::csupp.put(1);
  }
  for (size_t opcode = 0; opcode < std::size(log.iocs); opcode++) {
    log.iocs[opcode] = nvm_command_effects(static_cast<uint8_t>(opcode));
  }
  for (const auto& [opcode, command] : state.subsystem.io_commands().all()) {
    log.iocs[opcode] = command.effects | spec::command_effects::csupp.put(1);
  }
  return bytes_of(log);
}

void remove_io_commands(LogBytes& effects) {
  constexpr size_t kFirst = offsetof(spec::CommandEffectsLog, iocs);
  std::fill_n(effects.begin() + kFirst, sizeof(spec::CommandEffectsLog::iocs), std::byte{0});
}

LogBytes feature_effects(ControllerState&) {
  spec::FeatureEffectsLog log{};
  const auto entry = [](bool namespace_specific) {
    return spec::fid_effects::fsupp.put(1) |
           spec::fid_effects::fsp.put(namespace_specific
                                          ? spec::effects_scope::namespace_scope.put(1)
                                          : spec::effects_scope::controller_scope.put(1));
  };
  for (size_t id = 0; id < std::size(log.fid_support); id++) {
    const Feature* feature = find_feature(static_cast<uint8_t>(id));
    if (feature != nullptr) log.fid_support[id] = entry(feature->namespace_specific);
  }
  log.fid_support[spec::feature::number_of_queues] = entry(false);
  return bytes_of(log);
}

// There are no NVMe-MI commands.
LogBytes management_command_effects(ControllerState&) {
  constexpr size_t kByteLength = 4096;
  return LogBytes(kByteLength);
}

}  // namespace nvm::emulator

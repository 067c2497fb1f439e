// SPDX-License-Identifier: MIT
#include "emulator/nvm/commands.h"

#include <algorithm>

#include "emulator/nvm/limits.h"

namespace nvm::emulator {
namespace commands {
namespace {

constexpr uint32_t kChanges = spec::command_effects::lbcc.put(1);

constexpr NvmCommand kCommands[] = {
    {spec::nvm_opcode::flush, 0, 0, false, false, HostData::None, nullptr, commands::flush},
    {spec::nvm_opcode::write, 0, kChanges, true, true, HostData::Blocks, write_at_once,
     commands::write},
    {spec::nvm_opcode::read, 0, 0, false, true, HostData::Blocks, read_at_once, commands::read},
    {spec::nvm_opcode::write_uncorrectable, spec::oncs::write_uncorrectable.put(1), kChanges, true,
     true, HostData::None, nullptr, commands::write_uncorrectable},
    {spec::nvm_opcode::compare, spec::oncs::compare.put(1), 0, false, true, HostData::Blocks,
     nullptr, commands::compare},
    {spec::nvm_opcode::write_zeroes, spec::oncs::write_zeroes.put(1), kChanges, true, true,
     HostData::None, nullptr, commands::write_zeroes},
    {spec::nvm_opcode::dataset_management, spec::oncs::dataset_management.put(1), kChanges, false,
     false, HostData::Ranges, nullptr, commands::dataset_management},
    {spec::nvm_opcode::verify, spec::oncs::verify.put(1), 0, false, true, HostData::None, nullptr,
     commands::verify},
    {spec::nvm_opcode::copy, spec::oncs::copy.put(1), kChanges, true, false, HostData::Sources,
     nullptr, commands::copy},
};

}  // namespace

std::span<const NvmCommand> all() {
  return kCommands;
}

}  // namespace commands

uint16_t nvm_command_support() {
  uint16_t support = 0;
  for (const commands::NvmCommand& row : commands::all()) support |= row.oncs;
  return support;
}

uint32_t nvm_command_effects(uint8_t opcode) {
  const auto rows = commands::all();
  const auto row =
      std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.opcode == opcode; });
  return row == rows.end() ? 0 : row->effects | spec::command_effects::csupp.put(1);
}

}  // namespace nvm::emulator

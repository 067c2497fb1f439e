// SPDX-License-Identifier: MIT
#include "emulator/nvm/commands.h"

namespace nvm::emulator::commands {
namespace {

constexpr NvmCommand kCommands[] = {
    {spec::nvm_opcode::flush, false, false, false, nullptr, flush},
    {spec::nvm_opcode::write, true, true, true, write_at_once, write},
    {spec::nvm_opcode::read, false, true, true, read_at_once, read},
    {spec::nvm_opcode::write_zeroes, true, true, false, nullptr, write_zeroes},
};

}  // namespace

std::span<const NvmCommand> all() {
  return kCommands;
}

}  // namespace nvm::emulator::commands

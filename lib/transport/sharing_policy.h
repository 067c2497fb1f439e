// SPDX-License-Identifier: MIT
// What a client of a shared device may do with its queues.
#pragma once

#include <bitset>
#include <cstdint>
#include <vector>

#include "spec/nvme.h"

namespace nvm {

using OpcodeSet = std::bitset<256>;

// I/O commands that change no block.
inline OpcodeSet reading_opcodes() {
  OpcodeSet opcodes;
  for (const uint8_t opcode : {spec::nvm_opcode::read, spec::nvm_opcode::compare,
                               spec::nvm_opcode::verify, spec::nvm_opcode::flush}) {
    opcodes.set(opcode);
  }
  return opcodes;
}

struct SharingPolicy {
  OpcodeSet opcodes = OpcodeSet().set();  // I/O commands that may be sent
  std::vector<uint32_t> namespaces;       // empty: all

  bool allows_all() const { return opcodes.all() && namespaces.empty(); }
  bool may_write() const { return (opcodes & ~reading_opcodes()).any(); }
};

}  // namespace nvm

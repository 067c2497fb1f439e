// SPDX-License-Identifier: MIT
// What commands are called in messages.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "spec/nvme.h"

namespace nvm {

// An admin command: `Identify`, or `admin command C0h`.
inline std::string admin_command_name(uint8_t opcode) {
  const char* text = spec::admin_opcode_text(opcode);
  if (text != nullptr) return text;
  char name[32];
  std::snprintf(name, sizeof name, "admin command %02Xh", opcode);
  return name;
}

}  // namespace nvm

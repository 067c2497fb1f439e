// SPDX-License-Identifier: MIT
// What the admin commands of one controller remember between commands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "emulator/admin/features.h"

namespace nvm::emulator {

struct AdminState {
  CurrentFeatures features;
  bool in_use = false;  // enabled and not shut down since
  // Changed Namespace List, since it was read last.
  std::set<uint32_t> changed_namespaces;
  // The Persistent Event Log as it was when a reporting context was established; empty: none is.
  std::vector<std::byte> event_log;
};

}  // namespace nvm::emulator

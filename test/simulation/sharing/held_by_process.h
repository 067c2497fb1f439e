// SPDX-License-Identifier: MIT
// What the system holds for this process, to be the same before a seed and after it.
#pragma once

#include <cstddef>

namespace nvm::simulation {

struct HeldByProcess {
  static HeldByProcess count();
  bool operator==(const HeldByProcess&) const = default;

  size_t descriptors = 0;
  size_t mappings = 0;  // of memory that processes share
};

}  // namespace nvm::simulation

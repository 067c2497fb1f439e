// SPDX-License-Identifier: MIT
// Looking at a completion queue entry that the device may be writing.
#pragma once

#include <cstdint>

#include "spec/nvme.h"

namespace nvm {

constexpr uint32_t kPhaseTag = 0x10000;  // in dword 3

// Dword 3 of `entry`: command id, phase tag, status. Acquire: where the phase tag is new, the rest
// of the entry and the data that it announces are visible afterwards.
inline uint32_t load_completion_dword3(const spec::CompletionQueueEntry& entry) {
  return __atomic_load_n(reinterpret_cast<const uint32_t*>(&entry) + 3, __ATOMIC_ACQUIRE);
}

}  // namespace nvm

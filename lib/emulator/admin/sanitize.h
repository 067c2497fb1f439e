// SPDX-License-Identifier: MIT
// Sanitize: every block of every namespace, in the background, whatever happens to controllers and
// power meanwhile.
#pragma once

#include <cstdint>

#include "spec/nvme.h"

namespace nvm::emulator {

class Subsystem;

constexpr uint16_t kNoSanitizeProgress = 0xffff;

struct SanitizeState {
  uint8_t state = spec::sanitize_state::never;
  uint8_t passes_completed = 0;
  uint16_t progress = kNoSanitizeProgress;
  uint32_t cdw10 = 0;  // of the command that began the most recent one
  uint32_t cdw11 = 0;
  // Commands that changed blocks when it was completed: none since then, and all data is erased.
  bool global_data_erased = false;
  uint64_t changes_at_end = 0;
};

// SSTAT.
uint16_t sanitize_status(Subsystem& subsystem);
// The status with which a sanitize operation that runs or has failed refuses commands; 0: none.
uint16_t sanitize_refusal(Subsystem& subsystem);
// Goes on with what a saved state says was running, or has failed.
void resume_sanitize(Subsystem& subsystem);

}  // namespace nvm::emulator

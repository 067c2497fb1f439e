// SPDX-License-Identifier: MIT
// Device self-tests: one at a time, in the background.
#pragma once

#include <cstdint>
#include <vector>

#include "spec/nvme.h"

namespace nvm::emulator {

class ControllerState;
class Subsystem;

constexpr size_t kSelfTestResultsMax = 20;

struct SelfTests {
  uint8_t running = 0;  // its self-test code; 0: none
  uint8_t percent = 0;
  uint16_t controller_id = 0;                 // that it tests
  uint32_t namespace_id = 0;                  // 0: none, FFFFFFFFh: all attached ones
  uint64_t number = 0;                        // of the test, so that the work of an ended one knows
  std::vector<spec::SelfTestResult> results;  // the newest first
};

// Ends the one that runs, if any and if it tests `namespace_id` (FFFFFFFFh: whatever it tests),
// with a spec::self_test_result.
void end_self_test(Subsystem& subsystem, uint8_t result, uint32_t namespace_id = 0xffffffff);
// A short test does not survive the reset of its controller.
void end_self_test_of_reset(ControllerState& state);
// Goes on with what a saved state says was running.
void resume_self_test(Subsystem& subsystem);

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// Emulators in this process: built from options, and the same image is the same device.
#pragma once

#include "emulator/running_device.h"
#include "transport/open.h"

namespace nvm {

// `fd`: an open image instead of options.image (which then is for messages only), or −1.
Result<std::shared_ptr<Transport>> open_shared_emulator(const EmulatorOptions& options, int fd);

// A controller of a device that runs already; `number` tells devices apart. As with images, who
// opens it again gets the same.
Result<std::shared_ptr<Transport>> open_emulated_controller(
    const std::shared_ptr<emulator::RunningDevice>& device, uint64_t number, size_t index);

}  // namespace nvm

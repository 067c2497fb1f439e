// SPDX-License-Identifier: MIT
// Emulators in this process: built from options, and the same image is the same device.
#pragma once

#include "transport/open.h"

namespace nvm {

// `fd`: an open image instead of options.image (which then is for messages only), or −1.
Result<std::shared_ptr<Transport>> open_shared_emulator(const EmulatorOptions& options, int fd);

}  // namespace nvm

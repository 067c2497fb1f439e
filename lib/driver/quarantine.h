// SPDX-License-Identifier: MIT
// The last resort for memory of a controller that could be neither disabled nor reset.
#pragma once

#include <memory>

namespace nvm {

// Keeps `memory` until the process ends: the device may still write to it.
void quarantine_forever(std::shared_ptr<const void> memory);

}  // namespace nvm

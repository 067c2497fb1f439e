// SPDX-License-Identifier: MIT
// A store in anonymous memory: sparse (pages come when they are first written), gone with the
// process.
#pragma once

#include <memory>

#include "emulator/store.h"

namespace nvm::emulator {

// ERR_ARGUMENT for a length of 0; ERR_MEMORY when the address range is refused.
Result<std::unique_ptr<Store>> make_memory_store(uint64_t byte_length);

}  // namespace nvm::emulator

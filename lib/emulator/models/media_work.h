// SPDX-License-Identifier: MIT
// What a command has the medium do, for models that tell reading from writing.
#pragma once

#include "emulator/timing_model.h"

namespace nvm::emulator {

enum class MediaWork : uint8_t { None, Read, Write, Flush };

// Of opcodes that are not the NVM command set's, by the direction in which they move data.
MediaWork media_work(const TimedCommand& command);

}  // namespace nvm::emulator

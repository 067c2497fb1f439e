// SPDX-License-Identifier: MIT
// What a fault does to the blocks of a command, where it has one.
#pragma once

#include "emulator/nvm/blocks.h"

namespace nvm::emulator {

// A part of a command's blocks.
struct BlockPart {
  uint64_t total;  // blocks of the command
  uint64_t first;  // of this part
  BlockSpan blocks;
};

// What they look like when the host gets them, or when they have been stored.
void corrupt_for_host(const Command& command, const HostLayout& layout, const BlockPart& part);
void corrupt_for_store(const Command& command, const HostLayout& layout, const BlockPart& part);

// As much of the part as a torn write stores; all of it when it is not torn.
BlockSpan surviving(const Command& command, const HostLayout& layout, const BlockPart& part);

}  // namespace nvm::emulator

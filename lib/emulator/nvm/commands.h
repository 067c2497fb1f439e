// SPDX-License-Identifier: MIT
// The commands of the NVM command set: one row and one file each. A namespace of their own, because
// they bear the names of their opcodes.
#pragma once

#include <span>

#include "emulator/executor.h"
#include "emulator/namespace.h"

namespace nvm::emulator::commands {

// The blocks that SLBA and NLB name.
struct BlockRange {
  uint64_t lba;
  uint64_t block_count;
};

struct NvmCommand {
  uint8_t opcode;
  bool writes;        // refused on a write-protected namespace
  bool has_range;     // SLBA and NLB name blocks, which must exist
  bool moves_blocks;  // the blocks' data and metadata go between host and medium
  // Ends the command at once when that is possible without any wait; true when it has.
  bool (*run_at_once)(Namespace& ns, Command& command);
  // The command in general.
  Task (*run)(Namespace& ns, Command& command);
};

std::span<const NvmCommand> all();

inline BlockRange block_range(const spec::SubmissionQueueEntry& sqe) {
  return {sqe.cdw10 | static_cast<uint64_t>(sqe.cdw11) << 32,
          uint64_t{spec::read_cdw12::nlb.get(sqe.cdw12)} + 1};
}

Task flush(Namespace& ns, Command& command);
bool read_at_once(Namespace& ns, Command& command);
Task read(Namespace& ns, Command& command);
bool write_at_once(Namespace& ns, Command& command);
Task write(Namespace& ns, Command& command);
Task write_zeroes(Namespace& ns, Command& command);

}  // namespace nvm::emulator::commands

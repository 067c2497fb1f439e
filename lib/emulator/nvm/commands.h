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

// What a command's data pointer names.
enum class HostData : uint8_t {
  None,
  Blocks,   // of SLBA and NLB, and their metadata
  Ranges,   // of Dataset Management
  Sources,  // of Copy
};

struct NvmCommand {
  uint8_t opcode;
  uint16_t oncs;     // its bit of Identify ONCS
  uint32_t effects;  // see spec::command_effects, but for CSUPP
  bool writes;       // refused on a write-protected namespace
  bool has_range;    // SLBA and NLB name blocks, which must exist; else it asks the timing model
  HostData host_data;
  // Ends the command at once when that is possible without any wait; true when it has. Only on a
  // plain namespace.
  bool (*run_at_once)(Namespace& ns, Command& command);
  // The command in general.
  Task (*run)(Namespace& ns, Command& command);
};

std::span<const NvmCommand> all();

inline BlockRange block_range(const spec::SubmissionQueueEntry& sqe) {
  return {sqe.cdw10 | static_cast<uint64_t>(sqe.cdw11) << 32,
          uint64_t{spec::read_cdw12::nlb.get(sqe.cdw12)} + 1};
}

// An invalid command stays invalid: tells the host not to retry.
constexpr uint16_t refuse(uint16_t status) {
  return status | spec::status::dnr;
}

Task flush(Namespace& ns, Command& command);
// Flush, if the command must be durable when it completes.
Task flush_if_due(Namespace& ns, Command& command);
bool read_at_once(Namespace& ns, Command& command);
Task read(Namespace& ns, Command& command);
bool write_at_once(Namespace& ns, Command& command);
Task write(Namespace& ns, Command& command);
bool write_zeroes_deallocates(const Command& command);
Task write_zeroes(Namespace& ns, Command& command);
Task write_uncorrectable(Namespace& ns, Command& command);
Task compare(Namespace& ns, Command& command);
Task verify(Namespace& ns, Command& command);
Task dataset_management(Namespace& ns, Command& command);
Task copy(Namespace& ns, Command& command);

}  // namespace nvm::emulator::commands

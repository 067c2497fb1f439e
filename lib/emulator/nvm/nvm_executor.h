// SPDX-License-Identifier: MIT
// Executes the NVM command set on a namespace: what all commands have in common, then the command
// itself; and the commands that were added to the subsystem.
#pragma once

#include "emulator/executor.h"
#include "emulator/namespace.h"
#include "emulator/nvm/commands.h"
#include "emulator/nvm/limits.h"

namespace nvm::emulator {

struct IoCommand;

class NvmExecutor final : public Executor {
 public:
  // Executes on `ns`, which owns it. Made anew when the namespace's format changes.
  explicit NvmExecutor(Namespace& ns);

  Progress begin(Command& command, Clock& clock) override;
  HostLengths host_lengths(const spec::SubmissionQueueEntry& sqe) const override;
  void prefetch(const spec::SubmissionQueueEntry& sqe,
                const spec::SubmissionQueueEntry* before) const override;

 private:
  const IoCommand* find_added(uint8_t opcode) const;
  Progress begin_added(Command& command, Clock& clock);
  // Asks the timing model; false when the command has to be tried again later.
  bool schedule(Command& command, const commands::NvmCommand& row, Clock& clock);
  bool schedule_added(Command& command, const IoCommand& added, Clock& clock);

  Namespace& ns_;
  std::byte* const bytes_;  // null: the store is reached by its operations only
  const unsigned lba_shift_;
  const bool has_metadata_;
  const uint64_t block_count_;
  const commands::NvmCommand* commands_[256] = {};
};

}  // namespace nvm::emulator

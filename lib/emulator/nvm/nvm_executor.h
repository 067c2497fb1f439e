// SPDX-License-Identifier: MIT
// Executes the NVM command set on a namespace: what all commands have in common, then the command
// itself.
#pragma once

#include "emulator/executor.h"
#include "emulator/namespace.h"
#include "emulator/nvm/commands.h"

namespace nvm::emulator {

// The largest Write Zeroes (Identify, CNS 06h, WZSL): it runs within one step, which must stay
// short.
constexpr uint8_t kWriteZeroesPagesLog2 = 8;
constexpr uint64_t kWriteZeroesBytesMax = uint64_t{4096} << kWriteZeroesPagesLog2;

class NvmExecutor final : public Executor {
 public:
  // Executes on `ns`, which owns it. Made anew when the namespace's format changes.
  explicit NvmExecutor(Namespace& ns);

  Progress begin(Command& command, Clock& clock) override;
  HostLengths host_lengths(const spec::SubmissionQueueEntry& sqe) const override;
  void prefetch(const spec::SubmissionQueueEntry& sqe) const override;

 private:
  // Asks the timing model; false when the command has to be tried again later.
  bool schedule(Command& command, const commands::NvmCommand& row, Clock& clock);

  Namespace& ns_;
  std::byte* const bytes_;  // null: the store is reached by its operations only
  const unsigned lba_shift_;
  const uint64_t block_count_;
  const commands::NvmCommand* commands_[256] = {};
};

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// The NVM command set: Read, Write, Flush and Write Zeroes on a namespace's store.
#pragma once

#include "emulator/executor.h"
#include "emulator/namespace.h"

namespace nvm::emulator {

// The largest Write Zeroes (Identify, CNS 06h, WZSL): it runs within one step, which must stay
// short.
constexpr uint8_t kWriteZeroesPagesLog2 = 8;
constexpr uint64_t kWriteZeroesBytesMax = uint64_t{4096} << kWriteZeroesPagesLog2;

class NvmExecutor final : public Executor {
 public:
  // Executes on `ns`, which owns it.
  explicit NvmExecutor(Namespace& ns);

  Progress begin(Command& command, Clock& clock) override;
  Progress resume(Command& command, Clock& clock) override;
  uint64_t data_byte_length(const spec::SubmissionQueueEntry& sqe) const override;
  void prefetch(const spec::SubmissionQueueEntry& sqe) const override;

 private:
  struct Range {
    uint64_t offset;
    uint64_t byte_length;
  };
  using Handler = Progress (NvmExecutor::*)(Command&, Clock&);
  struct Row {
    uint8_t opcode;
    Handler handler;
  };
  static const Row kRows[];

  Progress read(Command& command, Clock& clock);
  Progress write(Command& command, Clock& clock);
  Progress flush(Command& command, Clock& clock);
  Progress write_zeroes(Command& command, Clock& clock);

  // The bytes that the command names; false, with the status set, when they are not all there.
  bool locate(Command& command, Range& range) const;
  // Asks the timing model; false when the command has to be tried again later.
  bool schedule(Command& command, uint64_t byte_length, Clock& clock);
  Progress finish_write(Command& command);
  Progress begin_flush(Command& command);

  Namespace& ns_;
  Store& store_;
  std::byte* const bytes_;  // null: the store is reached by its operations only
  const bool may_fault_;
  const unsigned lba_shift_;
  const uint64_t block_count_;
  Handler handlers_[256] = {};
};

}  // namespace nvm::emulator

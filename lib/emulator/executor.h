// SPDX-License-Identifier: MIT
// The half of the emulator that knows commands but no queues: a command and a Transfer in, a
// completion out, now or in a later step. One executor per namespace; a command set is one file
// that implements it.
#pragma once

#include <cstdint>
#include <vector>

#include "emulator/transfer.h"
#include "platform/clock.h"
#include "spec/nvme.h"

namespace nvm::emulator {

// One command between fetch and completion. Lives in its queue's pool; its address is stable.
struct Command {
  spec::SubmissionQueueEntry sqe;  // read once from the host
  Transfer transfer;               // the host side of its data
  uint16_t status_field = 0;       // SCT and SC in place (CQE status without phase); 0 is success
  uint32_t dword0 = 0;
  uint32_t dword1 = 0;
  uint64_t complete_at_ns = 0;  // Done: not before this time; 0: at once
  uint64_t retry_at_ns = 0;     // Pending: begin() again at this time; 0: wait for store_operation
  uint8_t stage = 0;            // the executor's own, 0 before begin()
  StoreOperation store_operation;
  std::vector<std::byte> bounce;  // data on its way to or from a store that is not memory
};

class Executor {
 public:
  virtual ~Executor() = default;
  // Executes `command`. Done: its result fields are set. Pending with retry_at_ns: nothing happened
  // yet, begin() again then. Pending without: resume() once store_operation is no longer Pending.
  virtual Progress begin(Command& command, Clock& clock) = 0;
  virtual Progress resume(Command& command, Clock& clock) = 0;
  // Bytes of host data that `sqe` moves, for resolving its data pointer before begin(); 0 for none.
  // An invalid command may return anything: begin() judges it.
  virtual uint64_t data_byte_length(const spec::SubmissionQueueEntry& sqe) const = 0;
  // Asks the cache for what `sqe` will touch; only a hint.
  virtual void prefetch(const spec::SubmissionQueueEntry& sqe) const {}
};

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// The half of the emulator that knows commands but no queues: a command and its Transfers in, a
// completion out, now or in a later step. One executor per namespace; a command set is one folder
// that implements it.
#pragma once

#include <cstdint>

#include "emulator/task.h"
#include "emulator/transfer.h"
#include "platform/clock.h"
#include "spec/nvme.h"

namespace nvm::emulator {

struct FaultEffect;

constexpr uint16_t kNoErrorLocation = 0xffff;

// One command between fetch and completion. Lives in its queue's pool; its address is stable.
struct Command {
  spec::SubmissionQueueEntry sqe;  // read once from the host
  Transfer data;                   // the host side of its data
  Transfer metadata;               // and of its metadata, when that is a buffer of its own
  uint16_t status_field = 0;       // SCT and SC in place (CQE status without phase); 0 is success
  uint32_t dword0 = 0;
  uint32_t dword1 = 0;
  // The byte, and in bits 10:8 the bit, of the command that an error is about, where it is known.
  uint16_t error_location = kNoErrorLocation;
  uint64_t complete_at_ns = 0;         // not before this time; 0: at once
  uint64_t retry_at_ns = 0;            // Pending: begin() again at this time; 0: `task` goes on
  Task task;                           // what is left to do of a command that did not end at once
  const FaultEffect* fault = nullptr;  // what befalls it, until it has ended; null: nothing
};

// How much host memory a command's pointers name; 0 for none. An invalid command may answer
// anything: begin() judges it.
struct HostLengths {
  uint64_t data = 0;
  uint64_t metadata = 0;
};

class Executor {
 public:
  virtual ~Executor() = default;
  // Executes `command`. Done: its result fields are set. Pending with retry_at_ns: nothing happened
  // yet, begin() again then. Pending without: `command.task` has begun and its status is the
  // result.
  virtual Progress begin(Command& command, Clock& clock) = 0;
  virtual HostLengths host_lengths(const spec::SubmissionQueueEntry& sqe) const = 0;
  // Asks the cache for what `sqe` will touch; only a hint. `before`: the entry before it in the
  // queue, or null.
  virtual void prefetch(const spec::SubmissionQueueEntry& sqe,
                        const spec::SubmissionQueueEntry* before) const {}
};

// Runs `command.task` as far as it goes: Done with the status set, or Pending.
inline Progress go_on(Command& command) {
  if (!command.task.resume()) return Progress::Pending;
  command.status_field = command.task.status();
  command.task.clear();
  return Progress::Done;
}

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// The way of admin commands to a controller: its admin queues (AdminQueue), or the process that
// owns them (rpc/remote_admin.h).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "memory/dma_descriptor.h"
#include "platform/clock.h"
#include "platform/status.h"
#include "platform/wake.h"
#include "spec/nvme.h"

namespace nvm {

// Of each command that the driver sends by itself, unless it is told otherwise.
constexpr uint64_t kAdminTimeoutNs = 5'000 * kNanosecondsPerMillisecond;

struct Completion {
  uint32_t dword0 = 0;
  uint32_t dword1 = 0;
  uint16_t status_field = 0;  // without the phase tag
  uint16_t sq_head = 0;
  uint16_t sq_id = 0;
  uint16_t command_id = 0;
};

// A command that was sent, until somebody has waited for it. When it is dropped before, nobody
// hears how it ends; what it names is kept all the same while the device may use it.
class SentCommand {
 public:
  virtual ~SentCommand() = default;
  // Whether wait() would return at once. Does not block; steps the device where that is possible.
  virtual bool has_ended() = 0;
  // What Admin::submit() returns. Once; any thread.
  virtual Result<Completion> wait() = 0;
};

class Admin {
 public:
  virtual ~Admin() = default;

  // Sends `command` (its command id is chosen here) and waits. Any thread. `data`, if given, is
  // what PRP1/PRP2 point to: it is kept alive for as long as the device may use it. ERR_TIMEOUT,
  // ERR_CONTROLLER_GONE, ERR_CONTROLLER_FATAL, ERR_CONTROLLER_DISABLED, ERR_CLOSED, ERR_ABORTED
  // when closed or reset meanwhile; a completion with an error status is a value, not a failure.
  // A command that is overdue is aborted where `abort_timeout_ns` is not 0, which may take that
  // much more. It fails with ERR_TIMEOUT all the same, unless it completed otherwise meanwhile.
  virtual Result<Completion> submit(spec::SubmissionQueueEntry command, uint64_t timeout_ns,
                                    std::shared_ptr<const void> data = nullptr,
                                    uint64_t abort_timeout_ns = 0) = 0;

  // The first half of submit(), for a caller that has something else to do meanwhile. It does not
  // block: null where the command cannot be sent at once. The Admin outlives what it returns.
  virtual std::unique_ptr<SentCommand> send(spec::SubmissionQueueEntry command, uint64_t timeout_ns,
                                            std::shared_ptr<const void> data,
                                            uint64_t abort_timeout_ns) = 0;

  // As submit(); afterwards `command` is what was sent, which the filter of a manager in another
  // process may have rewritten.
  virtual Result<Completion> relay(spec::SubmissionQueueEntry& command, uint64_t timeout_ns,
                                   std::shared_ptr<const void> data) {
    return submit(command, timeout_ns, std::move(data));
  }

  // Asks the controller to abort a command of any queue, one at a time, as Identify ACL may allow
  // no more. True when it says that it did.
  virtual Result<bool> abort(uint16_t queue_id, uint16_t command_id, uint64_t timeout_ns) = 0;

  // Keeps up to `count` Asynchronous Event Requests outstanding from now on, also after a reset;
  // fewer when the queue is short or the controller refuses some. 0: one that completes is not
  // sent again. Returns how many there will be.
  virtual uint32_t keep_event_requests(uint32_t count) = 0;
  // Dword 0 of the requests that completed since the last call, the oldest first. A failure when
  // the controller takes no such request, once everything before it was taken.
  virtual Result<std::vector<uint32_t>> take_events() = 0;
  // Looks for completions; true when take_events() has something. `target`, which the transport may
  // know as the wake-up of vector 0, hears of the next event that any thread finds.
  virtual bool look_for_events(const WakeTarget& target) = 0;

  // The two halves of a reset, in this order. stop() disables the controller and waits, or resets
  // the function where that fails; commands that wait end with ERR_ABORTED, new ones wait for
  // start(). Once it succeeded, the device reaches no memory and has no queues.
  virtual Status stop() = 0;
  // Enables the controller again, on the same window.
  virtual Status start() = 0;

  // As stop(), for good. When the controller can be neither disabled nor reset, what it may still
  // reach is never freed and the failure is returned. Idempotent.
  virtual Status close() = 0;
};

}  // namespace nvm

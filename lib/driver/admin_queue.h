// SPDX-License-Identifier: MIT
// The admin queue pair: one command at a time to the caller, any number outstanding underneath. A
// command that timed out keeps its id and its memory until its completion comes or the controller
// is reset, so a late completion never reaches another command.
#pragma once

#include <memory>
#include <vector>

#include "memory/dma_descriptor.h"
#include "platform/clock.h"
#include "spec/nvme.h"
#include "transport/transport.h"

namespace nvm {

struct Completion {
  uint32_t dword0 = 0;
  uint32_t dword1 = 0;
  uint16_t status_field = 0;  // without the phase tag
  uint16_t sq_head = 0;
  uint16_t sq_id = 0;
  uint16_t command_id = 0;
};

// Two controller pages for the queues, and who keeps them alive.
struct AdminWindow {
  std::byte* bytes = nullptr;  // page 0: ACQ, page 1: ASQ
  uint64_t cq_address = 0;
  uint64_t sq_address = 0;
  std::shared_ptr<const void> memory;
};

class AdminQueue {
 public:
  // Resets the controller and makes the caller its manager: CC.EN=0, wait, AQA, ASQ, ACQ, CC.EN=1,
  // wait (NVMe base 2.0, 3.5.1). The window is kept until the device cannot reach it any more.
  // ERR_BUSY when this process has a manager for the controller already.
  static Result<std::unique_ptr<AdminQueue>> create(std::shared_ptr<Transport> transport,
                                                    AdminWindow window, Waiter& waiter);
  ~AdminQueue();  // as close(), result ignored

  // Sends `command` (its command id is chosen here) and waits. Any thread. `data`, if given, is
  // what PRP1/PRP2 point to: it is kept alive for as long as the device may use it. ERR_TIMEOUT,
  // ERR_CONTROLLER_GONE, ERR_CONTROLLER_FATAL, ERR_CONTROLLER_DISABLED, ERR_CLOSED, ERR_ABORTED
  // when closed or reset meanwhile; a completion with an error status is a value, not a failure.
  Result<Completion> submit(spec::SubmissionQueueEntry command, uint64_t timeout_ns,
                            std::shared_ptr<DmaDescriptor> data = nullptr);
  // As submit(); a command that is overdue is aborted, which may take `abort_timeout_ns` more. It
  // fails with ERR_TIMEOUT all the same, unless it completed otherwise meanwhile.
  Result<Completion> submit_or_abort(spec::SubmissionQueueEntry command, uint64_t timeout_ns,
                                     std::shared_ptr<DmaDescriptor> data,
                                     uint64_t abort_timeout_ns);

  // Asks the controller to abort a command of any queue, one at a time, as Identify ACL may allow
  // no more. True when it says that it did.
  Result<bool> abort(uint16_t queue_id, uint16_t command_id, uint64_t timeout_ns);

  // Keeps up to `count` Asynchronous Event Requests outstanding from now on, also after a reset;
  // fewer when the queue is short or the controller refuses some. 0: one that completes is not
  // sent again. Returns how many there will be.
  uint32_t keep_event_requests(uint32_t count);
  // Dword 0 of the requests that completed since the last call, the oldest first. A failure when
  // the controller takes no such request, once everything before it was taken.
  Result<std::vector<uint32_t>> take_events();
  // Looks for completions; true when take_events() has something. `target`, which the transport may
  // know as the wake-up of vector 0, hears of the next event that any thread finds.
  bool look_for_events(const WakeTarget& target);

  // The two halves of a reset, in this order. stop() disables the controller and waits, or resets
  // the function where that fails; commands that wait end with ERR_ABORTED, new ones wait for
  // start(). Once it succeeded, the device reaches no memory and has no queues.
  Status stop();
  // Enables the controller again, on the same window.
  Status start();

  // As stop(), for good. When the controller can be neither disabled nor reset, what it may still
  // reach is never freed and the failure is returned. Idempotent.
  Status close();

 private:
  struct State;
  explicit AdminQueue(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace nvm

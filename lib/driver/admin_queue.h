// SPDX-License-Identifier: MIT
// The admin queue pair: one command at a time to the caller, any number outstanding underneath. A
// command that timed out keeps its id and its memory until its completion comes or the controller
// is reset, so a late completion never reaches another command.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "driver/admin.h"
#include "driver/snapshot.h"
#include "platform/clock.h"
#include "transport/transport.h"

namespace nvm {

// Two controller pages for the queues, and who keeps them alive.
struct AdminWindow {
  std::byte* bytes = nullptr;  // page 0: ACQ, page 1: ASQ
  uint64_t cq_address = 0;
  uint64_t sq_address = 0;
  std::shared_ptr<const void> memory;
};

// A command that was begun, for a caller that does not wait.
struct AdminTicket {
  uint16_t slot;
  uint32_t epoch;
};

class AdminQueue final : public Admin {
 public:
  // Resets the controller and makes the caller its manager: CC.EN=0, wait, AQA, ASQ, ACQ, CC.EN=1,
  // wait (NVMe base 2.0, 3.5.1). The window is kept until the device cannot reach it any more.
  // ERR_BUSY when this process has a manager for the controller already.
  static Result<std::unique_ptr<AdminQueue>> create(std::shared_ptr<Transport> transport,
                                                    AdminWindow window, Waiter& waiter);
  // The first half of it, up to CC.EN=0; start() is the second.
  static Result<std::unique_ptr<AdminQueue>> claim(std::shared_ptr<Transport> transport,
                                                   AdminWindow window, Waiter& waiter);
  ~AdminQueue() override;  // as close(), result ignored

  Result<Completion> submit(spec::SubmissionQueueEntry command, uint64_t timeout_ns,
                            std::shared_ptr<const void> data = nullptr,
                            uint64_t abort_timeout_ns = 0) override;
  std::unique_ptr<SentCommand> send(spec::SubmissionQueueEntry command, uint64_t timeout_ns,
                                    std::shared_ptr<const void> data,
                                    uint64_t abort_timeout_ns) override;
  Result<bool> abort(uint16_t queue_id, uint16_t command_id, uint64_t timeout_ns) override;
  uint32_t keep_event_requests(uint32_t count) override;
  Result<std::vector<uint32_t>> take_events() override;
  bool look_for_events(const WakeTarget& target) override;
  Status stop() override;
  Status start() override;
  Status close() override;
  // As close(), of a device that has gone with its queues and uses no memory any more: it is asked
  // nothing. Commands that wait end with ERR_CONTROLLER_GONE, and so do later ones.
  void lose();

  // For callers that do not wait. `memory` is kept alive for as long as the device may use it;
  // `client`, if given, is whose memory the command's pointers name. Nothing while
  // almost every id is outstanding, or the controller is being reset: try again later. A device
  // that has parked is not woken where the caller can pump it, which the caller does until end() or
  // wake_device().
  std::optional<AdminTicket> begin(spec::SubmissionQueueEntry& command,
                                   std::shared_ptr<const void> memory, ClientPort* client);
  // How the command ended, once; nothing while it is outstanding. Then the ticket is spent.
  std::optional<Result<Completion>> end(AdminTicket ticket);
  // Nobody will ask for its end any more.
  void abandon(AdminTicket ticket);
  // The device shall go on by itself with what was begun.
  void wake_device();
  // Grows whenever the controller was disabled, by stop() or close(): queues that were made under
  // tickets of an earlier epoch do not exist any more.
  uint32_t epoch();
  bool is_closed();
  AdminQueueSnapshot snapshot();
  // `hook` is called after each of those, one for each `who`. Once this returned, the one that
  // `who` had before is not called again.
  void watch_resets(const void* who, std::function<void()> hook);

 private:
  struct State;
  class Sent;
  explicit AdminQueue(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace nvm

// SPDX-License-Identifier: MIT
// Who wants to see the admin commands of this process: those that callers send, and those that the
// driver sends by itself. One load for each command where nobody does.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "spec/errors.h"
#include "spec/nvme.h"

namespace nvm {

// Called with locks of the driver held: it notes what it hears, and calls nothing of it.
class AdminObserver {
 public:
  virtual ~AdminObserver() = default;
  // `command`, with its id, goes to the controller. Returns when, in nanoseconds; 0: nobody wants
  // to hear how it ends.
  virtual uint64_t sent(const std::string& controller,
                        const spec::SubmissionQueueEntry& command) = 0;
  // One of these for each, with what sent() returned.
  virtual void completed(const std::string& controller, uint16_t command_id, uint64_t sent_ns,
                         uint16_t status_field) = 0;
  virtual void lost(const std::string& controller, uint16_t command_id, uint64_t sent_ns,
                    ErrorCode why) = 0;
};

// Of this process; null where there is none. It is never destroyed.
inline std::atomic<AdminObserver*> admin_observer = nullptr;

// One command, for as long as its end is of interest.
class ObservedCommand {
 public:
  ObservedCommand() = default;
  ObservedCommand(const std::string& controller, const spec::SubmissionQueueEntry& command) {
    AdminObserver* observer = admin_observer.load(std::memory_order_acquire);
    if (observer == nullptr) return;
    command_id_ = command.cid;
    sent_ns_ = observer->sent(controller, command);
  }

  // Only the first of these is heard.
  void complete(const std::string& controller, uint16_t status_field) {
    if (AdminObserver* observer = take()) {
      observer->completed(controller, command_id_, sent_ns_, status_field);
    }
  }
  void lose(const std::string& controller, ErrorCode why) {
    if (AdminObserver* observer = take()) observer->lost(controller, command_id_, sent_ns_, why);
  }

 private:
  AdminObserver* take() {
    if (sent_ns_ == 0 || has_ended_) return nullptr;
    has_ended_ = true;
    return admin_observer.load(std::memory_order_acquire);
  }

  uint64_t sent_ns_ = 0;
  uint16_t command_id_ = 0;
  bool has_ended_ = false;
};

}  // namespace nvm

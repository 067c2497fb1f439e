// SPDX-License-Identifier: MIT
// Asynchronous events of a controller (NVMe base 2.0, 5.2), for any number of watchers. The
// controller reports no second event of a type until the log page of the first was read; it is read
// here, once, and every watcher gets the event with what the page said.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "platform/status.h"
#include "spec/nvme.h"
#include "transport/transport.h"

namespace nvm {

// Whether an admin command that succeeded changed what namespaces there are, or their formats.
bool changes_namespaces(const spec::SubmissionQueueEntry& command);

class Admin;
class Controller;
class RemoteEvents;

struct AsyncEvent {
  uint32_t dword0 = 0;             // see spec::async_event_dw0
  std::vector<std::byte> log;      // what its log page said; empty when it has none
  std::optional<Failure> failure;  // why the log page could not be read
};

constexpr size_t kUntakenEventsMax = 64;  // of a watcher; of more, the oldest are dropped

// One consumer of events. One byte is written to `fd` (−1: none) when there may be news; whoever
// watches keeps it open.
class EventWatcher {
 public:
  EventWatcher(int fd, uint64_t timeout_ns) : fd_(fd), timeout_ns_(timeout_ns) {}

 private:
  friend class ControllerEvents;
  const int fd_;
  const uint64_t timeout_ns_;  // of each command that reads a log page for it
  std::deque<AsyncEvent> events_;
  uint64_t dropped_ = 0;
};

class ControllerEvents {
 public:
  // Part of `controller`.
  explicit ControllerEvents(Controller& controller) : controller_(controller) {}

  struct Taken {
    std::vector<AsyncEvent> events;  // the oldest first
    uint64_t dropped = 0;            // since the watcher began
  };

  // Enables every event that the controller has (feature 0Bh), but telemetry, whose log page only
  // its consumer may release, and keeps requests outstanding. Blocks for a few admin commands.
  // ERR_NO_ADMIN, ERR_UNSUPPORTED when the admin queue is too short. `timeout_ns` is that of each
  // command, also of later ones for this watcher; 0: as claim_admin() was told.
  Result<std::shared_ptr<EventWatcher>> watch(int fd, uint64_t timeout_ns = 0);
  // Afterwards its fd is not written to again. What happens from the last watcher's end on is told
  // to the next one.
  void unwatch(const std::shared_ptr<EventWatcher>& watcher);

  // True when the device itself wakes watchers; otherwise they must look() now and then.
  bool wakes();
  // True when take() has something to say: an event or a failure. Otherwise a byte is written once
  // that may have changed. Does not block.
  bool look(EventWatcher& watcher);
  // The watcher's events. Reads log pages, so it blocks for as long as admin commands take. A
  // failure when no more events can come.
  Result<Taken> take(EventWatcher& watcher);

  // An admin command of this controller's changed namespaces: the controller itself tells only
  // others of that. `namespace_id` FFFFFFFFh: any of them.
  void report_namespace_change(uint32_t namespace_id);

  // For the controller, once it works again after a reset, which forgets the configuration; and
  // when it does not.
  void restore(uint64_t timeout_ns);
  void notify_of_failure();

 private:
  RemoteEvents* remote();
  uint32_t request_count() const;
  Status configure(uint64_t timeout_ns);
  Status collect(Admin& queue, uint64_t timeout_ns);
  void hand_out(const AsyncEvent& event);
  AsyncEvent read(uint32_t dword0, uint64_t timeout_ns);
  void count_changes(const Result<std::vector<std::byte>>& log);
  Result<std::vector<std::byte>> read_log_page(uint8_t id, size_t byte_length, uint64_t timeout_ns);
  void bind();
  void notify_watchers();

  Controller& controller_;
  std::mutex reading_mutex_;  // held while log pages are read, so that each is read once
  std::mutex mutex_;          // guards everything below; taken after reading_mutex_
  std::vector<std::shared_ptr<EventWatcher>> watchers_;
  std::optional<uint32_t> configuration_;
  std::optional<Failure> lost_;  // the configuration could not be restored: why
  std::atomic<uint32_t> armed_ = 0;
  uint64_t remote_dropped_ = 0;  // before they came here
  int bound_fd_ = -1;            // of a watcher; the device and the admin queue write to it
  bool device_wakes_ = false;
};

}  // namespace nvm

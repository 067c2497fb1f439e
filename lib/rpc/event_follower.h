// SPDX-License-Identifier: MIT
// Asynchronous events of a controller for the thread that serves it. A thread of its own, since
// they are asked for, and their log pages read, with admin commands, for which a device may let one
// wait.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "driver/controller.h"
#include "platform/unique_fd.h"

namespace nvm::rpc {

class EventFollower {
 public:
  // Begins to watch. `on_news`: take() has something; called by the follower's thread. ERR_OS.
  static Result<std::unique_ptr<EventFollower>> start(std::shared_ptr<Controller> controller,
                                                      std::function<void()> on_news);
  ~EventFollower();  // joins the thread: waits for an admin command that is under way
  EventFollower(const EventFollower&) = delete;
  EventFollower& operator=(const EventFollower&) = delete;

  struct News {
    bool watches = false;            // what happens from now on is told
    std::optional<Failure> failure;  // why it is not, or no longer, and will not be
    // Since the last call, the oldest first; of more than kUntakenEventsMax those are dropped.
    std::vector<AsyncEvent> events;
    uint64_t dropped = 0;
  };
  News take();

 private:
  EventFollower(std::shared_ptr<Controller> controller, std::function<void()> on_news,
                UniqueFd events, UniqueFd writer, UniqueFd stop);
  void run();
  bool watch();
  void keep(ControllerEvents::Taken taken);
  bool collect();  // false when no more will come
  void fail(const Status& why);
  // Until there may be news, or `timeout_ms` has passed (−1: never); false when it is to stop.
  bool wait(int timeout_ms);

  const std::shared_ptr<Controller> controller_;
  const std::function<void()> on_news_;
  const UniqueFd events_, writer_, stop_;
  std::shared_ptr<EventWatcher> watcher_;  // of the thread, as is what it has dropped in all
  uint64_t watcher_dropped_ = 0;
  std::mutex mutex_;
  News news_;  // guarded by `mutex_`
  std::thread thread_;
};

}  // namespace nvm::rpc

// SPDX-License-Identifier: MIT
// Asynchronous events of a controller for the thread that serves it. A thread of its own, since
// their log pages are read with admin commands, for which a device may let one wait.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "driver/controller.h"
#include "platform/unique_fd.h"

namespace nvm::rpc {

class EventFollower {
 public:
  // Watches from now on, for which it sends a few admin commands. `on_news`: take() has something;
  // called by the follower's thread. Null when the controller does not let itself be watched.
  static std::unique_ptr<EventFollower> start(std::shared_ptr<Controller> controller,
                                              std::function<void()> on_news);
  ~EventFollower();  // joins the thread: waits for an admin command that is under way
  EventFollower(const EventFollower&) = delete;
  EventFollower& operator=(const EventFollower&) = delete;

  // Since the last call, the oldest first.
  std::vector<AsyncEvent> take();

 private:
  EventFollower(std::shared_ptr<Controller> controller, std::function<void()> on_news,
                UniqueFd events, UniqueFd writer, UniqueFd stop,
                std::shared_ptr<EventWatcher> watcher);
  void run();
  void collect();
  // Until there may be news, or `timeout_ms` has passed (−1: never); false when it is to stop.
  bool wait(int timeout_ms);

  const std::shared_ptr<Controller> controller_;
  const std::function<void()> on_news_;
  const UniqueFd events_, writer_, stop_;
  const std::shared_ptr<EventWatcher> watcher_;
  std::mutex mutex_;
  std::vector<AsyncEvent> taken_;
  std::thread thread_;
};

}  // namespace nvm::rpc

// SPDX-License-Identifier: MIT
#include "rpc/event_follower.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <utility>

namespace nvm::rpc {
namespace {

constexpr int kLookMs = 100;  // at devices that cannot wake us

}  // namespace

std::unique_ptr<EventFollower> EventFollower::start(std::shared_ptr<Controller> controller,
                                                    std::function<void()> on_news) {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets) != 0) return {};
  UniqueFd events(sockets[0]), writer(sockets[1]);
  UniqueFd stop(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop.valid()) return {};
  auto watcher = controller->events().watch(writer.get());
  if (!watcher.ok()) return {};
  return std::unique_ptr<EventFollower>(
      new EventFollower(std::move(controller), std::move(on_news), std::move(events),
                        std::move(writer), std::move(stop), std::move(watcher.value())));
}

EventFollower::EventFollower(std::shared_ptr<Controller> controller, std::function<void()> on_news,
                             UniqueFd events, UniqueFd writer, UniqueFd stop,
                             std::shared_ptr<EventWatcher> watcher)
    : controller_(std::move(controller)),
      on_news_(std::move(on_news)),
      events_(std::move(events)),
      writer_(std::move(writer)),
      stop_(std::move(stop)),
      watcher_(std::move(watcher)) {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "nvm-events");
}

EventFollower::~EventFollower() {
  eventfd_write(stop_.get(), 1);
  thread_.join();
}

std::vector<AsyncEvent> EventFollower::take() {
  std::lock_guard lock(mutex_);
  return std::exchange(taken_, {});
}

void EventFollower::run() {
  do {
    collect();
  } while (wait(controller_->events().wakes() ? -1 : kLookMs));
  controller_->events().unwatch(watcher_);
}

// Arms the wake-up for the next event.
void EventFollower::collect() {
  while (controller_->events().look(*watcher_)) {
    auto taken = controller_->events().take(*watcher_);
    if (!taken.ok() || taken.value().events.empty()) return;
    {
      std::lock_guard lock(mutex_);
      for (AsyncEvent& event : taken.value().events) taken_.push_back(std::move(event));
    }
    on_news_();
  }
}

bool EventFollower::wait(int timeout_ms) {
  pollfd waiting[2] = {{stop_.get(), POLLIN, 0}, {events_.get(), POLLIN, 0}};
  (void)poll(waiting, 2, timeout_ms);
  char bytes[64];
  while (recv(events_.get(), bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
  }
  return waiting[0].revents == 0;
}

}  // namespace nvm::rpc

// SPDX-License-Identifier: MIT
#include "rpc/event_follower.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "platform/os_failure.h"

namespace nvm::rpc {
namespace {

constexpr int kLookMs = 100;  // at devices that cannot wake us
// A controller that is being reset may not let itself be watched, and a moment later it does.
constexpr unsigned kAttemptsMax = 5;
constexpr int kAttemptEveryMs = 200;

}  // namespace

Result<std::unique_ptr<EventFollower>> EventFollower::start(std::shared_ptr<Controller> controller,
                                                            std::function<void()> on_news) {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets) != 0) {
    return os_failure("socketpair", errno);
  }
  UniqueFd events(sockets[0]), writer(sockets[1]);
  UniqueFd stop(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop.valid()) return os_failure("eventfd", errno);
  return std::unique_ptr<EventFollower>(new EventFollower(std::move(controller), std::move(on_news),
                                                          std::move(events), std::move(writer),
                                                          std::move(stop)));
}

EventFollower::EventFollower(std::shared_ptr<Controller> controller, std::function<void()> on_news,
                             UniqueFd events, UniqueFd writer, UniqueFd stop)
    : controller_(std::move(controller)),
      on_news_(std::move(on_news)),
      events_(std::move(events)),
      writer_(std::move(writer)),
      stop_(std::move(stop)) {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "nvm-events");
}

EventFollower::~EventFollower() {
  eventfd_write(stop_.get(), 1);
  thread_.join();
}

EventFollower::News EventFollower::take() {
  std::lock_guard lock(mutex_);
  return std::exchange(news_, News{news_.watches, news_.failure, {}, 0});
}

void EventFollower::run() {
  if (!watch()) return;
  while (collect() && wait(controller_->events().wakes() ? -1 : kLookMs)) {
  }
  controller_->events().unwatch(watcher_);
}

bool EventFollower::watch() {
  Result<std::shared_ptr<EventWatcher>> watching = controller_->events().watch(writer_.get());
  for (unsigned i = 1; i < kAttemptsMax && !watching.ok() && wait(kAttemptEveryMs); i++) {
    watching = controller_->events().watch(writer_.get());
  }
  if (!watching.ok()) {
    fail(watching.status());
    return false;
  }
  watcher_ = watching.value();
  {
    std::lock_guard lock(mutex_);
    news_.watches = true;
  }
  on_news_();
  return true;
}

void EventFollower::fail(const Status& why) {
  {
    std::lock_guard lock(mutex_);
    news_.watches = false;
    news_.failure = why.failure();
  }
  on_news_();
}

// Arms the wake-up for the next event.
bool EventFollower::collect() {
  while (controller_->events().look(*watcher_)) {
    auto taken = controller_->events().take(*watcher_);
    if (!taken.ok()) {
      fail(taken.status());
      return false;
    }
    if (taken.value().events.empty()) break;
    keep(std::move(taken.value()));
    on_news_();
  }
  return true;
}

void EventFollower::keep(ControllerEvents::Taken taken) {
  std::lock_guard lock(mutex_);
  news_.dropped += taken.dropped - std::exchange(watcher_dropped_, taken.dropped);
  for (AsyncEvent& event : taken.events) {
    if (news_.events.size() == kUntakenEventsMax) {
      news_.events.erase(news_.events.begin());
      news_.dropped++;
    }
    news_.events.push_back(std::move(event));
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

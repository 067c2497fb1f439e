// SPDX-License-Identifier: MIT
#include "transport/device_events.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>

#include "platform/os_failure.h"

namespace nvm {
namespace {

// What an event is of: a vector by its number, or
constexpr uint64_t kStop = uint64_t{1} << 32;
constexpr uint64_t kSocket = kStop + 1;
constexpr uint64_t kTick = kStop + 2;

}  // namespace

Result<std::unique_ptr<DeviceEvents>> DeviceEvents::start(int socket, uint16_t vector_count,
                                                          Calls calls) {
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return os_failure("epoll_create1", errno);
  UniqueFd stop(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop.valid()) return os_failure("eventfd", errno);
  const int stop_fd = stop.get();
  std::unique_ptr<DeviceEvents> events(
      new DeviceEvents(std::move(epoll), std::move(stop), vector_count, std::move(calls)));
  NVM_TRY(events->watch(stop_fd, EPOLLIN, kStop));
  // Its end only: what it says is for others to read.
  NVM_TRY(events->watch(socket, EPOLLRDHUP, kSocket));
  events->socket_ = socket;
  events->thread_ = std::thread([each = events.get()] { each->run(); });
  return events;
}

DeviceEvents::~DeviceEvents() {
  if (!thread_.joinable()) return;
  eventfd_write(stop_.get(), 1);
  thread_.join();
}

Status DeviceEvents::watch(int fd, uint32_t events, uint64_t what) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = what;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return {};
  return os_failure("epoll_ctl", errno);
}

// With `mutex_` held.
Status DeviceEvents::open_vector(uint16_t vector) {
  UniqueFd fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd.valid()) return os_failure("eventfd", errno);
  NVM_TRY(watch(fd.get(), EPOLLIN, vector));
  vectors_[vector].eventfd = std::move(fd);
  return {};
}

Result<bool> DeviceEvents::bind(uint16_t vector, const WakeTarget& target) {
  std::lock_guard lock(mutex_);
  Vector& bound = vectors_[vector];
  const bool is_new = target.armed != nullptr && !bound.eventfd.valid();
  if (is_new) NVM_TRY(open_vector(vector));
  bound.target = target;
  if (gone_) tell_gone(target);
  return is_new;
}

Status DeviceEvents::set_tick(uint32_t milliseconds) {
  std::lock_guard lock(mutex_);
  if (!timer_.valid()) {
    UniqueFd timer(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!timer.valid()) return os_failure("timerfd_create", errno);
    NVM_TRY(watch(timer.get(), EPOLLIN, kTick));
    timer_ = std::move(timer);
  }
  const auto seconds = static_cast<time_t>(milliseconds / 1000);
  const auto nanoseconds = static_cast<long>(milliseconds % 1000 * 1'000'000);
  const itimerspec interval{{seconds, nanoseconds}, {seconds, nanoseconds}};
  if (timerfd_settime(timer_.get(), 0, &interval, nullptr) == 0) return {};
  return os_failure("timerfd_settime", errno);
}

int DeviceEvents::timer_fd() {
  std::lock_guard lock(mutex_);
  return timer_.get();
}

int DeviceEvents::eventfd_of(uint16_t vector) {
  std::lock_guard lock(mutex_);
  return vectors_[vector].eventfd.get();
}

std::vector<std::pair<uint16_t, int>> DeviceEvents::eventfds() {
  std::lock_guard lock(mutex_);
  std::vector<std::pair<uint16_t, int>> found;
  for (size_t i = 0; i < vectors_.size(); i++) {
    if (!vectors_[i].eventfd.valid()) continue;
    found.emplace_back(static_cast<uint16_t>(i), vectors_[i].eventfd.get());
  }
  return found;
}

void DeviceEvents::run() {
  constexpr int kEventsMax = 32;
  epoll_event events[kEventsMax];
  for (;;) {
    const int count = epoll_wait(epoll_.get(), events, kEventsMax, -1);
    if (count < 0 && errno != EINTR) return;
    bool ticked = false;
    for (int i = 0; i < count; i++) {
      const uint64_t what = events[i].data.u64;
      if (what == kStop) return;
      if (what == kTick) {
        ticked = true;
        continue;
      }
      if (what != kSocket) {
        announce(static_cast<uint16_t>(what));
        continue;
      }
      if (!follow_next()) return;
      break;  // what else was reported is of the device before
    }
    // Last: it may take as long as the device takes to answer.
    uint64_t ticks;
    if (ticked && read(timer_fd(), &ticks, sizeof ticks) == sizeof ticks) calls_.tick();
  }
}

// False when there is none.
bool DeviceEvents::follow_next() {
  calls_.gone();
  set_gone(true);
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket_, nullptr);
  socket_ = calls_.next(*this);
  return socket_ >= 0 && watch(socket_, EPOLLRDHUP, kSocket).ok();
}

bool DeviceEvents::pause(int milliseconds) {
  pollfd stop{stop_.get(), POLLIN, 0};
  return poll(&stop, 1, milliseconds) <= 0;
}

void DeviceEvents::announce(uint16_t vector) {
  std::lock_guard lock(mutex_);
  eventfd_t count;
  if (eventfd_read(vectors_[vector].eventfd.get(), &count) == 0) wake(vectors_[vector].target);
}

void DeviceEvents::set_gone(bool gone) {
  std::lock_guard lock(mutex_);
  gone_ = gone;
  if (!gone) return;
  for (const Vector& vector : vectors_) tell_gone(vector.target);
}

}  // namespace nvm

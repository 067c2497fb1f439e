// SPDX-License-Identifier: MIT
#include "rpc/notices.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include <cerrno>

#include "platform/os_failure.h"

namespace nvm::rpc {

Result<std::unique_ptr<Notices>> Notices::watch(UniqueFd socket,
                                                std::function<void(const Message&)> on_message,
                                                OnEnd on_end) {
  UniqueFd stop_event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop_event.valid()) return os_failure("eventfd", errno);
  return std::unique_ptr<Notices>(new Notices(std::move(socket), std::move(stop_event),
                                              std::move(on_message), std::move(on_end)));
}

Notices::Notices(UniqueFd socket, UniqueFd stop_event,
                 std::function<void(const Message&)> on_message, OnEnd on_end)
    : socket_(std::move(socket)),
      stop_event_(std::move(stop_event)),
      on_message_(std::move(on_message)),
      on_end_(std::move(on_end)) {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "nvm-notices");
}

Notices::~Notices() {
  eventfd_write(stop_event_.get(), 1);
  thread_.join();
}

void Notices::run() {
  while (socket_.valid()) {
    SocketChannel channel(std::move(socket_));
    if (!follow(channel)) return;
    socket_ = on_end_([this](int milliseconds) { return pause(milliseconds); });
  }
}

// Until the other side hangs up; false when the thread is to end.
bool Notices::follow(SocketChannel& channel) {
  for (;;) {
    pollfd waiting[2] = {{stop_event_.get(), POLLIN, 0}, {channel.socket(), POLLIN, 0}};
    if (poll(waiting, 2, -1) < 0 && errno != EINTR) return false;
    if (waiting[0].revents != 0) return false;
    Message message;
    Channel::State state;
    while ((state = channel.receive(message)) == Channel::State::Ready) on_message_(message);
    if (state == Channel::State::Broken) return true;
  }
}

bool Notices::pause(int milliseconds) {
  pollfd stop{stop_event_.get(), POLLIN, 0};
  return poll(&stop, 1, milliseconds) <= 0;
}

}  // namespace nvm::rpc

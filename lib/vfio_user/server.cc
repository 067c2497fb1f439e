// SPDX-License-Identifier: MIT
#include "vfio_user/server.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <cerrno>

#include "platform/ordering.h"
#include "platform/os_failure.h"

namespace nvm::vfio_user {
namespace {

// How many messages are answered before the stop event is looked at again.
constexpr int kMessagesPerRound = 64;
// How long to wait before accepting again when the system refused, for example for lack of
// descriptors.
constexpr int kAcceptRetryMs = 100;

}  // namespace

Result<std::unique_ptr<Server>> Server::start(std::shared_ptr<emulator::Runner> runner,
                                              const std::string& directory,
                                              size_t controller_index) {
  emulator::PcieController* controller = nullptr;
  {
    emulator::Runner::Pause pause(*runner);
    emulator::Subsystem& subsystem = pause.subsystem();
    if (controller_index < subsystem.controller_count()) {
      controller = &subsystem.controller(controller_index);
    }
  }
  if (controller == nullptr) {
    return Status(ErrorCode::Argument,
                  "the emulator has no controller " + std::to_string(controller_index));
  }
  Result<Listener> listener = Listener::open(directory);
  if (!listener.ok()) return std::move(listener.status());
  UniqueFd stop_event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop_event.valid()) return os_failure("eventfd", errno);
  return std::unique_ptr<Server>(new Server(std::move(runner), *controller,
                                            std::move(listener.value()), std::move(stop_event)));
}

Server::Server(std::shared_ptr<emulator::Runner> runner, emulator::PcieController& controller,
               Listener listener, UniqueFd stop_event)
    : runner_(std::move(runner)),
      controller_(controller),
      path_(listener.path()),
      listener_(std::move(listener)),
      stop_event_(std::move(stop_event)) {
  {
    emulator::Runner::Pause pause(*runner_);
    device_ = std::make_unique<Device>(controller_);
  }
  thread_ = std::thread([this] { run(); });
}

void Server::stop() {
  if (!thread_.joinable()) return;
  eventfd_write(stop_event_.get(), 1);
  thread_.join();
  listener_.reset();
  emulator::Runner::Pause pause(*runner_);
  controller_.reset();
  device_.reset();
}

void Server::run() {
  for (;;) {
    pollfd waiting[2] = {{stop_event_.get(), POLLIN, 0}, {listener_->socket(), POLLIN, 0}};
    if (connection_) waiting[1] = {connection_->socket(), connection_->events(), 0};
    nfds_t count = accept_later_ ? 1 : 2;
    int ready = poll(waiting, count, accept_later_ ? kAcceptRetryMs : -1);
    accept_later_ = false;
    if (ready < 0 && errno != EINTR) break;
    if (waiting[0].revents != 0) break;
    if (ready < 1 || waiting[1].revents == 0) continue;
    if (!connection_) {
      accept_client();
    } else if (!serve_client()) {
      drop_client();
    }
  }
  if (connection_) drop_client();
}

void Server::accept_client() {
  UniqueFd socket = listener_->accept();
  if (socket.valid()) {
    connection_.emplace(std::move(socket));
  } else {
    accept_later_ = true;
  }
}

// False when the client is to be dropped.
bool Server::serve_client() {
  for (int i = 0; i < kMessagesPerRound; i++) {
    Connection::State state = connection_->receive();
    if (state == Connection::State::Blocked) return true;
    if (state == Connection::State::Broken) return false;
    if (!answer_message()) return false;
  }
  return true;
}

bool Server::answer_message() {
  Device::Outcome outcome;
  {
    emulator::Runner::Pause pause(*runner_);
    outcome =
        device_->handle(connection_->header(), connection_->payload(), connection_->take_fds());
  }
  connection_->finish();
  if (outcome.controller_written) {
    // The doorbell is written; only then look whether the device sleeps, or both sides could wait
    // for each other.
    store_load_fence();
    if (controller_.sleeping().load(std::memory_order_relaxed) != 0) runner_->wake();
  }
  if (!outcome.reply) return true;
  return connection_->send(std::move(*outcome.reply)) != Connection::State::Broken;
}

void Server::drop_client() {
  connection_.reset();
  emulator::Runner::Pause pause(*runner_);
  device_->disconnect();
}

}  // namespace nvm::vfio_user

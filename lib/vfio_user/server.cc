// SPDX-License-Identifier: MIT
#include "vfio_user/server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "platform/ordering.h"
#include "platform/os_failure.h"

namespace nvm::vfio_user {
namespace {

// How many messages are answered before anything else is looked at again.
constexpr int kMessagesPerRound = 64;
// How long to wait before accepting again when the system refused, for example for lack of
// descriptors.
constexpr int kAcceptRetryMs = 100;

}  // namespace

Result<std::unique_ptr<Server>> Server::start(std::shared_ptr<emulator::Runner> runner,
                                              const std::string& directory,
                                              const ServerOptions& options) {
  emulator::PcieController* controller = nullptr;
  {
    emulator::Runner::Pause pause(*runner);
    emulator::Subsystem& subsystem = pause.subsystem();
    if (options.controller_index < subsystem.controller_count()) {
      controller = &subsystem.controller(options.controller_index);
    }
  }
  if (controller == nullptr) {
    return Status(ErrorCode::Argument,
                  "the emulator has no controller " + std::to_string(options.controller_index));
  }
  const bool is_new = mkdir(directory.c_str(), 0700) == 0;
  if (!is_new && errno != EEXIST) return os_failure("mkdir " + directory, errno);
  Result<SocketListener> listener = SocketListener::open(directory + "/cntrl", SOCK_STREAM);
  if (!listener.ok()) {
    if (is_new) rmdir(directory.c_str());
    return std::move(listener.status());
  }
  UniqueFd wake_event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_event.valid()) return os_failure("eventfd", errno);
  return std::unique_ptr<Server>(new Server(std::move(runner), *controller, options.doorbells,
                                            std::move(listener.value()), std::move(wake_event)));
}

Server::Server(std::shared_ptr<emulator::Runner> runner, emulator::PcieController& controller,
               Doorbells doorbells, SocketListener listener, UniqueFd wake_event)
    : runner_(std::move(runner)),
      controller_(controller),
      path_(listener.path()),
      listener_(std::move(listener)),
      wake_event_(std::move(wake_event)) {
  {
    emulator::Runner::Pause pause(*runner_);
    device_ = std::make_unique<Device>(controller_, doorbells, [this] { notify(); });
  }
  thread_ = std::thread([this] { run(); });
}

void Server::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true);
  notify();
  thread_.join();
  listener_.reset();
  emulator::Runner::Pause pause(*runner_);
  controller_.reset();
  device_.reset();
}

void Server::notify() {
  eventfd_write(wake_event_.get(), 1);
}

void Server::run() {
  for (;;) {
    pollfd waiting[2] = {{wake_event_.get(), POLLIN, 0}, {listener_->socket(), POLLIN, 0}};
    if (connection_) waiting[1] = {connection_->socket(), connection_->events(), 0};
    nfds_t count = accept_later_ ? 1 : 2;
    int ready = poll(waiting, count, accept_later_ ? kAcceptRetryMs : -1);
    accept_later_ = false;
    if (ready < 0 && errno != EINTR) break;
    if (stopping_.load()) break;
    if (ready < 1) continue;
    if (waiting[0].revents != 0) {
      eventfd_t ignored;
      eventfd_read(wake_event_.get(), &ignored);
      requests_due_ = true;
    }
    if (connection_) {
      if (!serve_client()) drop_client();
    } else if (waiting[1].revents != 0) {
      accept_client();
    }
  }
  if (!connection_) return;
  {
    emulator::Runner::Pause pause(*runner_);
    device_->ask_release();
  }
  drop_client();
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
    if (state == Connection::State::Blocked) break;
    if (state == Connection::State::Broken || !answer_message()) return false;
  }
  return send_requests();
}

bool Server::answer_message() {
  Device::Outcome outcome;
  bool polled;
  {
    emulator::Runner::Pause pause(*runner_);
    outcome =
        device_->handle(connection_->header(), connection_->payload(), connection_->take_fds());
    polled = device_->must_be_polled();
    requests_due_ |= device_->has_request();
  }
  connection_->finish();
  poll_controller(polled);
  if (outcome.controller_written) wake_controller();
  if (outcome.broken) return false;
  if (!outcome.reply) return true;
  return connection_->send(std::move(*outcome.reply)) != Connection::State::Broken;
}

// One at a time, so that replies are not held up behind them.
bool Server::send_requests() {
  while (requests_due_ && !connection_->sending()) {
    std::optional<Message> request;
    {
      emulator::Runner::Pause pause(*runner_);
      request = device_->next_request();
    }
    requests_due_ = request.has_value();
    if (!request) return true;
    if (connection_->send(std::move(*request)) == Connection::State::Broken) return false;
  }
  return true;
}

// A client that hears of the end may use its memory for something else.
void Server::drop_client() {
  {
    emulator::Runner::Pause pause(*runner_);
    device_->disconnect();
  }
  connection_.reset();
  poll_controller(false);
  wake_controller();
}

void Server::wake_controller() {
  // What it is to see is written; only then look whether the device sleeps, or both sides could
  // wait for each other.
  store_load_fence();
  if (controller_.sleeping().load(std::memory_order_relaxed) != 0) runner_->wake();
}

void Server::poll_controller(bool wanted) {
  if (wanted == polled_) return;
  polled_ = wanted;
  runner_->keep_polling(wanted);
}

}  // namespace nvm::vfio_user

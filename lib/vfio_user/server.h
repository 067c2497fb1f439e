// SPDX-License-Identifier: MIT
// Serves an emulated controller to programs that attach PCI devices over a socket: virtual machine
// monitors, and drivers in user space. The thin loop around SocketListener, Connection and Device;
// the only thread of this folder.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "emulator/runner.h"
#include "platform/socket_listener.h"
#include "platform/status.h"
#include "platform/unique_fd.h"
#include "vfio_user/connection.h"
#include "vfio_user/device.h"

namespace nvm::vfio_user {

struct ServerOptions {
  size_t controller_index = 0;  // in the runner's subsystem
  Doorbells doorbells = Doorbells::Trap;
};

class Server {
 public:
  // Serves a controller of the runner's subsystem at `<directory>/cntrl`, to one client at a time.
  // Until stop() the controller is used by nobody else. ERR_ARGUMENT when there is no such
  // controller; else as SocketListener::open(); the directory is made where it is missing.
  static Result<std::unique_ptr<Server>> start(std::shared_ptr<emulator::Runner> runner,
                                               const std::string& directory,
                                               const ServerOptions& options = {});
  ~Server() { stop(); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Drops the client, removes the socket, joins the thread. The controller stays in its subsystem,
  // disabled.
  void stop();

  // What a client connects to.
  const std::string& path() const { return path_; }

 private:
  Server(std::shared_ptr<emulator::Runner> runner, emulator::PcieController& controller,
         Doorbells doorbells, SocketListener listener, UniqueFd wake_event);
  void notify();
  void run();
  void accept_client();
  bool serve_client();
  bool answer_message();
  bool send_requests();
  void drop_client();
  void wake_controller();
  void poll_controller(bool wanted);

  std::shared_ptr<emulator::Runner> runner_;
  emulator::PcieController& controller_;
  std::string path_;
  std::optional<SocketListener> listener_;
  UniqueFd wake_event_;  // the thread has something to do: to send, or to stop
  std::atomic<bool> stopping_{false};
  std::unique_ptr<Device> device_;
  std::optional<Connection> connection_;
  bool accept_later_ = false;
  bool requests_due_ = false;  // the device may have some for the client
  bool polled_ = false;        // the runner keeps polling for us
  std::thread thread_;
};

}  // namespace nvm::vfio_user

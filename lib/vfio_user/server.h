// SPDX-License-Identifier: MIT
// Serves an emulated controller to programs that attach PCI devices over a socket: virtual machine
// monitors, and drivers in user space. The thin loop around Listener, Connection and Device; the
// only thread of this folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "emulator/runner.h"
#include "platform/status.h"
#include "platform/unique_fd.h"
#include "vfio_user/connection.h"
#include "vfio_user/device.h"
#include "vfio_user/listener.h"

namespace nvm::vfio_user {

class Server {
 public:
  // Serves a controller of the runner's subsystem at `<directory>/cntrl`, to one client at a time.
  // Until stop() the controller is used by nobody else. ERR_ARGUMENT when there is no such
  // controller; else as Listener::open().
  static Result<std::unique_ptr<Server>> start(std::shared_ptr<emulator::Runner> runner,
                                               const std::string& directory,
                                               size_t controller_index = 0);
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
         Listener listener, UniqueFd stop_event);
  void run();
  void accept_client();
  bool serve_client();
  bool answer_message();
  void drop_client();

  std::shared_ptr<emulator::Runner> runner_;
  emulator::PcieController& controller_;
  std::string path_;
  std::optional<Listener> listener_;
  UniqueFd stop_event_;
  std::unique_ptr<Device> device_;
  std::optional<Connection> connection_;
  bool accept_later_ = false;
  std::thread thread_;
};

}  // namespace nvm::vfio_user

// SPDX-License-Identifier: MIT
// Shares a controller with other processes at a socket: the thin loop around Service, and its
// thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "platform/socket_listener.h"
#include "rpc/event_follower.h"
#include "rpc/service.h"

namespace nvm::rpc {

class Server {
 public:
  // Listens at `path`, for processes of the same user and of root. ERR_BUSY, ERR_ARGUMENT, ERR_OS
  // as SocketListener::open().
  static Result<std::unique_ptr<Server>> start(ServedController served, const std::string& path,
                                               const ServiceLimits& limits, ServicePolicy policy);
  ~Server() { stop(); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Tells the clients, takes back what they have, removes the socket, joins the thread. Bounded:
  // what the device does not let go of is kept until the process ends. Idempotent.
  void stop();
  // The controller was reset, or something else has changed that no client brings.
  void notify();

  const std::string& path() const { return path_; }

 private:
  Server(ServedController served, const ServiceLimits& limits, ServicePolicy policy,
         SocketListener listener, UniqueFd wake_event);
  void run();
  int wait_ms();
  void attend(int timeout_ms);
  void accept_client();
  bool is_to_watch() const;
  void pass_events_on(uint64_t now_ns);
  void begin_watch();
  void end_watch(const Status& why, uint64_t now_ns);

  const std::shared_ptr<Transport> transport_;
  const std::shared_ptr<AdminQueue> admin_;
  const std::string path_;
  std::optional<SocketListener> listener_;
  const UniqueFd wake_event_;
  Service service_;
  const std::shared_ptr<Controller> controller_;
  std::unique_ptr<EventFollower> events_;  // once a client wanted to hear of them
  const bool follows_changes_;
  uint64_t watch_again_at_ns_ = 0;  // 0: none has failed since the last
  bool accept_later_ = false;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace nvm::rpc

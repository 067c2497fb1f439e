// SPDX-License-Identifier: MIT
// What a manager tells its clients unasked, and that it has gone. A thin loop with the only thread
// of the client's side, which also waits for the next manager.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "platform/unique_fd.h"
#include "rpc/channel.h"

namespace nvm::rpc {

class Notices {
 public:
  // Waits for so long; false when the thread is to end.
  using Pause = std::function<bool(int milliseconds)>;
  // Called when the manager has gone: the socket of another one, or none, which ends the thread.
  using OnEnd = std::function<UniqueFd(const Pause& pause)>;

  // `on_message` and `on_end` are called by a thread of their own. ERR_OS.
  static Result<std::unique_ptr<Notices>> watch(UniqueFd socket,
                                                std::function<void(const Message&)> on_message,
                                                OnEnd on_end);
  ~Notices();  // joins the thread; not from one of its calls
  Notices(const Notices&) = delete;
  Notices& operator=(const Notices&) = delete;

 private:
  Notices(UniqueFd socket, UniqueFd stop_event, std::function<void(const Message&)> on_message,
          OnEnd on_end);
  void run();
  bool follow(SocketChannel& channel);
  bool pause(int milliseconds);

  UniqueFd socket_;
  const UniqueFd stop_event_;
  const std::function<void(const Message&)> on_message_;
  const OnEnd on_end_;
  std::thread thread_;
};

}  // namespace nvm::rpc

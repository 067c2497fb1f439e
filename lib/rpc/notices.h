// SPDX-License-Identifier: MIT
// What a manager tells its clients unasked, and that it has gone. A thin loop with the only thread
// of the client's side.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "platform/unique_fd.h"
#include "rpc/channel.h"

namespace nvm::rpc {

class Notices {
 public:
  // `on_message` and, once and last, `on_end` are called by a thread of their own. ERR_OS.
  static Result<std::unique_ptr<Notices>> watch(UniqueFd socket,
                                                std::function<void(const Message&)> on_message,
                                                std::function<void()> on_end);
  ~Notices();  // joins the thread; not from one of its calls
  Notices(const Notices&) = delete;
  Notices& operator=(const Notices&) = delete;

 private:
  Notices(UniqueFd socket, UniqueFd stop_event, std::function<void(const Message&)> on_message,
          std::function<void()> on_end);
  void run();

  SocketChannel channel_;
  const UniqueFd stop_event_;
  const std::function<void(const Message&)> on_message_;
  const std::function<void()> on_end_;
  std::thread thread_;
};

}  // namespace nvm::rpc

// SPDX-License-Identifier: MIT
// One end of a connection between a manager and a client: whole messages, and never waiting.
#pragma once

#include <memory>

#include "platform/process_fd.h"
#include "rpc/message.h"

namespace nvm::rpc {

class Channel {
 public:
  enum class State {
    Ready,    // done
    Blocked,  // nothing to receive, or no room to send: ask again later
    Broken,   // the other side has gone, or sent what cannot be a message
  };

  virtual ~Channel() = default;
  // All of it or nothing. Its descriptors are sent as well, and stay open here.
  virtual State send(const Message& message) = 0;
  // The next message, at least an RpcHeader long.
  virtual State receive(Message& message) = 0;
  // Whether the other side has gone, without taking anything.
  virtual bool has_ended() = 0;
};

class SocketChannel final : public Channel {
 public:
  // `socket`: a connected UNIX socket of type SOCK_SEQPACKET.
  explicit SocketChannel(UniqueFd socket)
      : socket_(std::move(socket)),
        room_(std::make_unique_for_overwrite<std::byte[]>(kMessageByteLengthMax)) {}

  State send(const Message& message) override;
  State receive(Message& message) override;
  bool has_ended() override;
  int socket() const { return socket_.get(); }

 private:
  const ProcessFd socket_;
  const std::unique_ptr<std::byte[]> room_;  // for the longest message
};

}  // namespace nvm::rpc

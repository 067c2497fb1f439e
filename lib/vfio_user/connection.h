// SPDX-License-Identifier: MIT
// A socket as a channel of messages: partial reads and writes, descriptors, and bounds. It never
// blocks, and holds one message received and a few to send, so an end that stops reading stops
// being read.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <deque>
#include <span>
#include <vector>

#include "platform/process_fd.h"
#include "platform/unique_fd.h"
#include "vfio_user/message.h"

namespace nvm::vfio_user {

class Connection {
 public:
  // `socket` is a connected UNIX stream socket.
  explicit Connection(UniqueFd socket) : socket_(std::move(socket)) {}

  enum class State {
    Ready,    // done
    Blocked,  // ask again when poll() reports events()
    Broken,   // the other end has gone or speaks something else: drop it
  };

  // Sends what is left, then reads until a whole message is here: header(), payload() and
  // take_fds() are its parts until finish().
  State receive();
  const Header& header() const { return header_; }
  std::span<const std::byte> payload() const { return payload_; }
  std::vector<UniqueFd> take_fds() { return std::move(fds_); }
  void finish();

  // Lines `message` up and sends as far as the socket takes it. Called at most once per message
  // received, or while sending() is false.
  State send(Message message);
  // Sends what is left, as far as the socket takes it.
  State flush() { return send_rest(); }
  bool sending() const { return !outgoing_.empty(); }

  int socket() const { return socket_.get(); }
  short events() const;

 private:
  static constexpr size_t kOutgoingMax = 16;  // then nothing more is received

  State send_rest();
  State fill(std::span<std::byte> part, size_t& filled);
  bool keep_fds(msghdr& message);

  ProcessFd socket_;

  std::array<std::byte, sizeof(Header)> head_{};
  size_t head_filled_ = 0;
  Header header_{};
  std::vector<std::byte> payload_;
  size_t payload_filled_ = 0;
  std::vector<UniqueFd> fds_;

  std::deque<Message> outgoing_;
  size_t sent_ = 0;  // of the first
};

}  // namespace nvm::vfio_user

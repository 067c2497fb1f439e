// SPDX-License-Identifier: MIT
// A client over a real socket, written from the protocol and not from the server. Every wait has an
// end.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <string>

#include "vfio_user/guest.h"

namespace nvm::vfio_user::test {

class SocketClient final : public Channel {
 public:
  explicit SocketClient(const std::string& path)
      : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    timeval patience{std::chrono::seconds(kPatience).count(), 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    connected_ = connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }

  bool connected() const { return connected_; }
  int socket() const { return socket_.get(); }
  void close() { socket_.reset(); }

  Bytes call(CommandCode code, const Bytes& payload, std::initializer_list<int> fds = {}) override {
    if (!send(with_tail(join(command(code, payload)), payload), fds)) return {};
    return receive();
  }
  void idle() override { usleep(100); }

  // Sends raw bytes, with descriptors at the first of them; false when the server has closed.
  bool send(const Bytes& bytes, std::initializer_list<int> fds = {}) {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 64)] = {};
    iovec where{const_cast<std::byte*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &where;
    message.msg_iovlen = 1;
    if (fds.size() != 0) {
      message.msg_control = control;
      message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
      cmsghdr* part = CMSG_FIRSTHDR(&message);
      part->cmsg_level = SOL_SOCKET;
      part->cmsg_type = SCM_RIGHTS;
      part->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
      std::memcpy(CMSG_DATA(part), fds.begin(), sizeof(int) * fds.size());
    }
    return sendmsg(socket_.get(), &message, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }

  // The next message; empty when the server has closed or says nothing.
  Bytes receive() {
    Bytes bytes(sizeof(Header));
    if (!fill(bytes, 0)) return {};
    size_t byte_length = head_of(bytes).byte_length;
    if (byte_length < sizeof(Header) || byte_length > kMessageByteLengthMax) return {};
    bytes.resize(byte_length);
    return fill(bytes, sizeof(Header)) ? bytes : Bytes();
  }

  // True when the server closes the connection, rather than saying something.
  bool is_closed() {
    std::byte one;
    ssize_t received = recv(socket_.get(), &one, 1, 0);
    return received == 0 || (received < 0 && errno == ECONNRESET);
  }

 private:
  bool fill(Bytes& bytes, size_t from) {
    while (from < bytes.size()) {
      ssize_t received = recv(socket_.get(), bytes.data() + from, bytes.size() - from, 0);
      if (received <= 0) return false;
      from += static_cast<size_t>(received);
    }
    return true;
  }

  UniqueFd socket_;
  bool connected_ = false;
};

}  // namespace nvm::vfio_user::test

// SPDX-License-Identifier: MIT
// A client over a real socket, written from the protocol and not from the server. Every wait has an
// end.
#pragma once

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <string>

#include "descriptor_socket.h"
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
  // Serves the server's requests meanwhile.
  void idle() override {
    pollfd readable{socket_.get(), POLLIN, 0};
    if (poll(&readable, 1, 0) != 1) {
      usleep(100);
      return;
    }
    Bytes message = receive_any();
    if (!message.empty()) CHECK(serve(message));
  }

  // From now on requests of the server for `byte_length` bytes at `address` are answered with this
  // memory, others with an error.
  void offer_memory(uint64_t address, std::byte* bytes, size_t byte_length) {
    offered_ = {address, bytes, byte_length};
  }
  int requests_served() const { return requests_served_; }

  // Sends raw bytes, with descriptors at the first of them; false when the server has closed.
  bool send(const Bytes& bytes, std::initializer_list<int> fds = {}) {
    return nvm::test::send_with_fds(socket_.get(), bytes, std::span(fds.begin(), fds.size()));
  }

  // The next reply, and the descriptors that came with it; empty when the server has closed or says
  // nothing. Requests of the server are served meanwhile.
  Bytes receive(std::vector<UniqueFd>* fds = nullptr) {
    for (;;) {
      Bytes message = receive_any(fds);
      if (message.empty() || !serve(message)) return message;
    }
  }

  // The next message, reply or request.
  Bytes receive_any(std::vector<UniqueFd>* fds = nullptr) {
    std::vector<UniqueFd> unwanted;
    Bytes bytes(sizeof(Header));
    if (!receive(bytes, fds == nullptr ? unwanted : *fds)) return {};
    size_t byte_length = head_of(bytes).byte_length;
    if (byte_length < sizeof(Header) || byte_length > kMessageByteLengthMax) return {};
    bytes.resize(byte_length);
    return receive(std::span(bytes).subspan(sizeof(Header)), unwanted) ? bytes : Bytes();
  }

  // True when the server closes the connection, rather than saying something.
  bool is_closed() {
    std::byte one;
    ssize_t received = recv(socket_.get(), &one, 1, 0);
    return received == 0 || (received < 0 && errno == ECONNRESET);
  }

 private:
  struct Offered {
    uint64_t address = 0;
    std::byte* bytes = nullptr;
    size_t byte_length = 0;
  };

  // False when `message` is not a request of the server.
  bool serve(const Bytes& message) {
    Header header = head_of(message);
    if (is_reply(header)) return false;
    requests_served_++;
    auto body = body_of<DmaAccessBody>(message);
    const uint64_t offset = body.address - offered_.address;
    const bool reads = header.command == static_cast<uint16_t>(CommandCode::DmaRead);
    Bytes payload;
    header.flags = header_flag::type_reply;
    if (offset > offered_.byte_length || body.count > offered_.byte_length - offset) {
      header.flags |= header_flag::error;
      header.error = EFAULT;
    } else if (reads) {
      payload = with_tail(join(body), {offered_.bytes + offset, body.count});
    } else {
      // Acknowledged by the header alone, as QEMU does.
      std::memcpy(offered_.bytes + offset, message.data() + message.size() - body.count,
                  body.count);
    }
    header.byte_length = static_cast<uint32_t>(sizeof header + payload.size());
    send(with_tail(join(header), payload));
    return true;
  }

  bool receive(std::span<std::byte> bytes, std::vector<UniqueFd>& fds) {
    return nvm::test::receive_with_fds(socket_.get(), bytes, fds);
  }

  Offered offered_;
  int requests_served_ = 0;
  UniqueFd socket_;
  bool connected_ = false;
};

}  // namespace nvm::vfio_user::test

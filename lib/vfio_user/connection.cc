// SPDX-License-Identifier: MIT
#include "vfio_user/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace nvm::vfio_user {
namespace {

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

short Connection::events() const {
  short wanted = outgoing_.size() < kOutgoingMax ? POLLIN : 0;
  if (sending()) wanted |= POLLOUT;
  return wanted;
}

Connection::State Connection::receive() {
  State sent = send_rest();
  if (sent == State::Broken || outgoing_.size() >= kOutgoingMax) return sent;
  if (head_filled_ < head_.size()) {
    State state = fill(head_, head_filled_);
    if (state != State::Ready) return state;
    auto header = parse_header(head_);
    if (!header) return State::Broken;
    header_ = *header;
    payload_.resize(header_.byte_length - sizeof(Header));
  }
  return fill(payload_, payload_filled_);
}

void Connection::finish() {
  head_filled_ = 0;
  payload_filled_ = 0;
  payload_.clear();
  fds_.clear();
}

// Fills `part` from the socket, never beyond the message, so that descriptors cannot be mistaken
// for the next one's.
Connection::State Connection::fill(std::span<std::byte> part, size_t& filled) {
  while (filled < part.size()) {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kFdsPerMessageMax)];
    iovec where{part.data() + filled, part.size() - filled};
    msghdr message{};
    message.msg_iov = &where;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t received = recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (received < 0 && would_block()) return State::Blocked;
    if (received <= 0) return State::Broken;
    if (!keep_fds(message)) return State::Broken;
    filled += static_cast<size_t>(received);
  }
  return State::Ready;
}

// False when there came more descriptors than any message may carry.
bool Connection::keep_fds(msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      fds_.emplace_back(fd);
    }
  }
  return (message.msg_flags & MSG_CTRUNC) == 0 && fds_.size() <= kFdsPerMessageMax;
}

Connection::State Connection::send(Message message) {
  outgoing_.push_back(std::move(message));
  return send_rest();
}

Connection::State Connection::send_rest() {
  while (sending()) {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    const Message& first = outgoing_.front();
    iovec where{const_cast<std::byte*>(first.bytes.data()) + sent_, first.bytes.size() - sent_};
    msghdr message{};
    message.msg_iov = &where;
    message.msg_iovlen = 1;
    if (first.fd >= 0 && sent_ == 0) {
      message.msg_control = control;
      message.msg_controllen = sizeof control;
      cmsghdr* part = CMSG_FIRSTHDR(&message);
      part->cmsg_level = SOL_SOCKET;
      part->cmsg_type = SCM_RIGHTS;
      part->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(part), &first.fd, sizeof(int));
    }
    ssize_t sent = sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && would_block()) return State::Blocked;
    if (sent < 0) return State::Broken;
    sent_ += static_cast<size_t>(sent);
    if (sent_ < first.bytes.size()) continue;
    outgoing_.pop_front();
    sent_ = 0;
  }
  return State::Ready;
}

}  // namespace nvm::vfio_user

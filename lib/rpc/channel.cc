// SPDX-License-Identifier: MIT
#include "rpc/channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace nvm::rpc {
namespace {

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

void take_fds(msghdr& message, std::vector<UniqueFd>& fds) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      fds.emplace_back(fd);
    }
  }
}

}  // namespace

Channel::State SocketChannel::send(const Message& message) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kFdsPerMessageMax)] = {};
  iovec where{const_cast<std::byte*>(message.bytes.data()), message.bytes.size()};
  msghdr header{};
  header.msg_iov = &where;
  header.msg_iovlen = 1;
  if (!message.fds.empty()) {
    const size_t byte_length = sizeof(int) * message.fds.size();
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(byte_length);
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(byte_length);
    int fds[kFdsPerMessageMax];
    for (size_t i = 0; i < message.fds.size() && i < kFdsPerMessageMax; i++) {
      fds[i] = message.fds[i].get();
    }
    std::memcpy(CMSG_DATA(part), fds, byte_length);
  }
  if (sendmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return State::Ready;
  return would_block() ? State::Blocked : State::Broken;
}

// A message that is too long, or has too many descriptors, is cut by the system, which says so.
Channel::State SocketChannel::receive(Message& message) {
  message.fds.clear();
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kFdsPerMessageMax)];
  iovec where{room_.get(), kMessageByteLengthMax};
  msghdr header{};
  header.msg_iov = &where;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  const ssize_t received = recvmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (received < 0) return would_block() ? State::Blocked : State::Broken;
  take_fds(header, message.fds);
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return State::Broken;
  // The room for them is aligned, and so may hold one more.
  if (message.fds.size() > kFdsPerMessageMax) return State::Broken;
  if (static_cast<size_t>(received) < sizeof(spec::RpcHeader)) return State::Broken;
  message.bytes.assign(room_.get(), room_.get() + received);
  return State::Ready;
}

bool SocketChannel::has_ended() {
  pollfd socket{socket_.get(), 0, 0};
  return poll(&socket, 1, 0) > 0 && (socket.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace nvm::rpc

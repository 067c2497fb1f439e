// SPDX-License-Identifier: MIT
// Bytes with file descriptors as any process may send them: as many as it wants, whatever they are.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "platform/unique_fd.h"

namespace nvm::test {

// Whether all bytes were taken. `flags` of sendmsg().
inline bool send_with_fds(int socket, std::span<const std::byte> bytes, std::span<const int> fds,
                          int flags = 0) {
  std::vector<std::byte> control(CMSG_SPACE(fds.size_bytes()));
  iovec where{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr packet{};
  packet.msg_iov = &where;
  packet.msg_iovlen = 1;
  if (!fds.empty()) {
    packet.msg_control = control.data();
    packet.msg_controllen = control.size();
    cmsghdr* part = CMSG_FIRSTHDR(&packet);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(part), fds.data(), fds.size_bytes());
  }
  return sendmsg(socket, &packet, flags | MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

// Fills all of `bytes`, with the descriptors that come with them. False when the other end has
// closed, or says nothing for as long as the socket waits.
inline bool receive_with_fds(int socket, std::span<std::byte> bytes, std::vector<UniqueFd>& fds) {
  while (!bytes.empty()) {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 8)];
    iovec where{bytes.data(), bytes.size()};
    msghdr packet{};
    packet.msg_iov = &where;
    packet.msg_iovlen = 1;
    packet.msg_control = control;
    packet.msg_controllen = sizeof control;
    const ssize_t received = recvmsg(socket, &packet, MSG_CMSG_CLOEXEC);
    if (received <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(received));
    const cmsghdr* part = CMSG_FIRSTHDR(&packet);
    for (size_t at = 0; part != nullptr && at + CMSG_LEN(0) < part->cmsg_len; at += sizeof(int)) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(part) + at, sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return true;
}

}  // namespace nvm::test

// SPDX-License-Identifier: MIT
// A UNIX socket that clients connect to: made for its owner only, put in the place of a dead
// server's, never of a live one's, and removed at the end, but not by a child of fork().
#pragma once

#include <sys/types.h>

#include <string>

#include "platform/process_fd.h"
#include "platform/status.h"

namespace nvm {

class SocketListener {
 public:
  // `type`: SOCK_STREAM, SOCK_SEQPACKET. ERR_BUSY when a server answers there already, or another
  // is being set up in the same directory; ERR_ARGUMENT when the path is too long for a socket,
  // is something else or in no folder, ERR_OS when the system refuses.
  static Result<SocketListener> open(std::string path, int type);
  ~SocketListener();
  SocketListener(SocketListener&& other) = default;
  SocketListener& operator=(SocketListener&& other) = delete;

  // The next client, not valid when there is none.
  UniqueFd accept();
  int socket() const { return socket_.get(); }
  const std::string& path() const { return path_; }

 private:
  SocketListener(UniqueFd socket, std::string path, dev_t device, ino_t inode)
      : socket_(std::move(socket)), path_(std::move(path)), device_(device), inode_(inode) {}

  ProcessFd socket_;
  std::string path_;
  dev_t device_;  // which file `path_` was, so that only our own is removed
  ino_t inode_;
};

}  // namespace nvm

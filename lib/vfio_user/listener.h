// SPDX-License-Identifier: MIT
// The socket `<directory>/cntrl` that clients connect to: made for its owner only, put in the place
// of a dead server's, never of a live one's, and removed at the end.
#pragma once

#include <sys/types.h>

#include <string>

#include "platform/status.h"
#include "platform/unique_fd.h"

namespace nvm::vfio_user {

class Listener {
 public:
  // Makes the directory where it is missing. ERR_BUSY when a server answers there already,
  // ERR_ARGUMENT when the path is too long for a socket or is something else, ERR_OS when the
  // system refuses.
  static Result<Listener> open(const std::string& directory);
  ~Listener();
  Listener(Listener&& other) = default;
  Listener& operator=(Listener&& other) = delete;

  // The next client, not valid when there is none.
  UniqueFd accept();
  int socket() const { return socket_.get(); }
  const std::string& path() const { return path_; }

 private:
  Listener(UniqueFd socket, std::string path, dev_t device, ino_t inode)
      : socket_(std::move(socket)), path_(std::move(path)), device_(device), inode_(inode) {}

  UniqueFd socket_;
  std::string path_;
  dev_t device_;  // which file `path_` was, so that only our own is removed
  ino_t inode_;
};

}  // namespace nvm::vfio_user

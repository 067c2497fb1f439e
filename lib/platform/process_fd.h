// SPDX-License-Identifier: MIT
// A file descriptor that is this process's alone. A child of fork() would keep the other end of a
// socket from hearing that this process has closed it, or died: in a child it is closed at once.
#pragma once

#include <memory>

#include "platform/unique_fd.h"

namespace nvm {

class ProcessFd {
 public:
  explicit ProcessFd(UniqueFd fd);
  ~ProcessFd();
  ProcessFd(ProcessFd&& other) noexcept;

  // False, and −1, in a child of the process that made it.
  bool valid() const { return get() >= 0; }
  int get() const;

 private:
  struct Entry;  // at one place, where a child finds it
  std::unique_ptr<Entry> entry_;
};

}  // namespace nvm

// SPDX-License-Identifier: MIT
// Doorbells in a file that a device's server gave: mapped, and safe to store to whatever the server
// does with the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "platform/sigbus_guard.h"
#include "platform/status.h"
#include "platform/unique_fd.h"

namespace nvm {

class MappedDoorbells {
 public:
  // Maps `byte_length` bytes of `fd` at `file_offset`. ERR_UNSUPPORTED for a file that cannot be
  // trusted with it, ERR_OS.
  static Result<std::unique_ptr<MappedDoorbells>> map(const UniqueFd& fd, uint64_t file_offset,
                                                      size_t byte_length);
  // Maps as many bytes of another server's file in the place of the first: who has words() stores
  // there from now on. On a failure, as map(), the caller gives the other server up.
  Status replace(const UniqueFd& fd, uint64_t file_offset);
  ~MappedDoorbells();
  MappedDoorbells(const MappedDoorbells&) = delete;
  MappedDoorbells& operator=(const MappedDoorbells&) = delete;

  volatile uint32_t* words() const { return words_; }
  size_t byte_length() const { return byte_length_; }
  // Whether the server took the file away: nobody hears of doorbells any more.
  bool vanished() const {
    std::lock_guard lock(mutex_);
    return replacement_ != nullptr && replacement_->happened();
  }

 private:
  MappedDoorbells(volatile uint32_t* words, size_t byte_length)
      : words_(words), byte_length_(byte_length) {}
  Status watch(const UniqueFd& fd);

  volatile uint32_t* const words_;
  const size_t byte_length_;
  mutable std::mutex mutex_;                      // guards what follows
  std::unique_ptr<PageReplacement> replacement_;  // null: the file cannot shrink
};

}  // namespace nvm

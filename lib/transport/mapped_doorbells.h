// SPDX-License-Identifier: MIT
// Doorbells in a file that a device's server gave: mapped, and safe to store to whatever the server
// does with the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

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
  ~MappedDoorbells();
  MappedDoorbells(const MappedDoorbells&) = delete;
  MappedDoorbells& operator=(const MappedDoorbells&) = delete;

  volatile uint32_t* words() const { return words_; }
  size_t byte_length() const { return byte_length_; }
  // Whether the server took the file away: nobody hears of doorbells any more.
  bool vanished() const { return replacement_ != nullptr && replacement_->happened(); }

 private:
  MappedDoorbells(volatile uint32_t* words, size_t byte_length)
      : words_(words), byte_length_(byte_length) {}

  volatile uint32_t* const words_;
  const size_t byte_length_;
  std::unique_ptr<PageReplacement> replacement_;  // null: the file cannot shrink
};

}  // namespace nvm

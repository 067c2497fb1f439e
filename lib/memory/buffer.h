// SPDX-License-Identifier: MIT
// Memory that queues and data live in. `owned` memory is ours: a sealed memfd, zeroed, mapped
// shared, with huge pages where the kernel gives them, so that it can be handed to another process.
// Where the system makes no memfd (a container's seccomp filter, no file descriptor left) it has no
// name, and stays in this process. `foreign` memory is somebody else's address range; we never free
// it. `peer` memory is another PCI device's, mapped here (transport/peer_memory.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "platform/status.h"

namespace nvm {

enum class MemoryKind { Owned, Foreign, Peer };

class Buffer {
 public:
  // Page-aligned and rounded up to whole pages; at 2 MiB and more, aligned to 2 MiB. ERR_MEMORY on
  // refusal.
  static Result<std::shared_ptr<Buffer>> allocate(size_t byte_length);
  // `fd`: of the file that is mapped there from `fd_offset` on, borrowed for as long as the buffer.
  static std::shared_ptr<Buffer> wrap(void* bytes, size_t byte_length, int fd = -1,
                                      size_t fd_offset = 0);
  // Whole pages of `whole`, which is kept; `release` is called at the end.
  static std::shared_ptr<Buffer> part(std::shared_ptr<Buffer> whole, size_t offset,
                                      size_t byte_length, std::function<void()> release);
  // What other devices find at `bus_address`; `release` is called at the end.
  static std::shared_ptr<Buffer> peer(void* bytes, size_t byte_length, uint64_t bus_address,
                                      std::function<void()> release);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  std::byte* bytes() const { return bytes_; }
  size_t byte_length() const { return byte_length_; }
  MemoryKind kind() const { return kind_; }
  int fd() const { return fd_; }                         // −1 where no file is known that it is of
  size_t fd_offset() const { return fd_offset_; }        // of the first byte
  uint64_t bus_address() const { return bus_address_; }  // of peer memory

 private:
  Buffer(MemoryKind kind, std::byte* bytes, size_t byte_length, int fd)
      : kind_(kind), bytes_(bytes), byte_length_(byte_length), fd_(fd) {}

  MemoryKind kind_;
  std::byte* bytes_;
  size_t byte_length_;
  int fd_;
  size_t fd_offset_ = 0;
  uint64_t bus_address_ = 0;
  std::shared_ptr<Buffer> whole_;  // of which this is a part
  std::function<void()> release_;
};

}  // namespace nvm

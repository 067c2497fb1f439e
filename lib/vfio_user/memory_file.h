// SPDX-License-Identifier: MIT
// Descriptors that the other end sent to be mapped.
#pragma once

#include <cstdint>

namespace nvm::vfio_user {

// Whether `fd` is memory (memfd, /dev/shm, huge pages) of at least `end` bytes. A page of any other
// file may take as long to appear as its file system likes.
bool is_memory_file(int fd, uint64_t end);

// Whether it stays that long for good.
bool is_sealed_memory(int fd);

}  // namespace nvm::vfio_user

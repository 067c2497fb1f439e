// SPDX-License-Identifier: MIT
// Memory that several processes map, of fixed size for good, so that no mapping of it ever faults.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "platform/unique_fd.h"

namespace nvm {

// Of whole pages, zeroed. Not valid when the system refuses.
UniqueFd make_sealed_memory(const char* name, size_t byte_length);

// As make_sealed_memory(), mapped at `*bytes` for this process to write and for all others to read:
// nobody can make another mapping that writes. Not valid when the system refuses; then nothing is
// mapped.
UniqueFd make_published_memory(const char* name, size_t byte_length, std::byte** bytes);

// How long the memory behind `fd` is, which came from another process; nothing when it is not
// such memory, or when somebody could shrink it.
std::optional<uint64_t> sealed_byte_length(int fd);

}  // namespace nvm

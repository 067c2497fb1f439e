// SPDX-License-Identifier: MIT
// Copying from and to memory that may vanish: a file truncated or full, a peer's mapping. The
// process-wide handler turns SIGBUS inside a guarded copy into a `false`; any other SIGBUS goes to
// the previous handler.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nvm {

// Copies `byte_length` bytes; false when a page on either side could not be reached (the
// destination may then be partly written).
[[nodiscard]] bool guarded_copy(void* destination, const void* source, size_t byte_length);
[[nodiscard]] bool guarded_zero(void* destination, size_t byte_length);
// Stores `word` with release order: who acquires it sees what was copied before.
[[nodiscard]] bool guarded_publish(uint32_t& destination, uint32_t word);

}  // namespace nvm

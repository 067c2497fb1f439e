// SPDX-License-Identifier: MIT
#include "platform/cached_copy.h"

#include <algorithm>
#include <cstring>

namespace nvm {
namespace {

// Well below where memcpy() changes its way, and so much that a piece more costs nothing.
constexpr size_t kPieceBytes = 256 << 10;

}  // namespace

void cached_copy(void* destination, const void* source, size_t byte_length) {
  auto* to = static_cast<std::byte*>(destination);
  const auto* from = static_cast<const std::byte*>(source);
  while (byte_length > 0) {
    const size_t piece = std::min(byte_length, kPieceBytes);
    memcpy(to, from, piece);
    to += piece;
    from += piece;
    byte_length -= piece;
  }
}

}  // namespace nvm

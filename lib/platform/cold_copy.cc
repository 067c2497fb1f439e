// SPDX-License-Identifier: MIT
#include "platform/cold_copy.h"

#include <algorithm>
#include <cstring>

namespace nvm {
namespace {

constexpr size_t kPageBytes = 4096;
constexpr size_t kLineBytes = 64;
constexpr size_t kWorthwhileBytes = 4 * kPageBytes;

}  // namespace

void cold_copy(void* destination, const void* source, size_t byte_length) {
  auto* to = static_cast<std::byte*>(destination);
  const auto* from = static_cast<const std::byte*>(source);
  if (byte_length < kWorthwhileBytes) {
    memcpy(to, from, byte_length);
    return;
  }
  while (byte_length > 0) {
    const size_t piece = std::min(byte_length, kPageBytes);
    const size_t ahead = std::min(byte_length - piece, kPageBytes);
    for (size_t at = 0; at < ahead; at += kLineBytes) __builtin_prefetch(from + piece + at);
    memcpy(to, from, piece);
    to += piece;
    from += piece;
    byte_length -= piece;
  }
}

}  // namespace nvm

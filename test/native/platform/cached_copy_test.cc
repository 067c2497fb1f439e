// SPDX-License-Identifier: MIT
#include "platform/cached_copy.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <vector>

using namespace nvm;

TEST_CASE("a copy has each byte in its place, and touches none beside them") {
  constexpr size_t kPiece = 256 << 10, kLongest = 3 * kPiece, kMargin = 128;
  std::vector<unsigned char> from(kLongest + kMargin);
  uint32_t seed = 1;
  for (auto& byte : from)
    byte = static_cast<unsigned char>((seed = seed * 1664525 + 1013904223) >> 24);
  for (const size_t whole : {size_t{0}, size_t{4096}, kPiece, 2 * kPiece, kLongest}) {
    for (const int beside : {-4096, -1, 0, 1, 17, 2048}) {
      const long wanted = static_cast<long>(whole) + beside;
      if (wanted < 0 || wanted > static_cast<long>(kLongest)) continue;
      const auto byte_length = static_cast<size_t>(wanted);
      for (const size_t start : {0, 1, 63}) {
        const size_t first = start + 64;
        std::vector<unsigned char> to(byte_length + 2 * kMargin, 0xee);
        cached_copy(to.data() + first, from.data() + start, byte_length);
        CHECK(memcmp(to.data() + first, from.data() + start, byte_length) == 0);
        for (size_t at = 0; at < first; at++) REQUIRE(to[at] == 0xee);
        for (size_t at = first + byte_length; at < to.size(); at++) REQUIRE(to[at] == 0xee);
      }
    }
  }
}

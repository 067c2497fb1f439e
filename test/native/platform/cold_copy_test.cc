// SPDX-License-Identifier: MIT
#include "platform/cold_copy.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <vector>

using namespace nvm;

TEST_CASE("a cold copy has each byte in its place, and touches none beside them") {
  constexpr size_t kPage = 4096, kLongest = 40 * kPage;
  std::vector<unsigned char> from(kLongest + kPage);
  uint32_t seed = 1;
  for (auto& byte : from)
    byte = static_cast<unsigned char>((seed = seed * 1664525 + 1013904223) >> 24);
  for (const size_t pages : {0, 1, 2, 3, 4, 5, 8, 9, 32, 40}) {
    for (const int beside : {-4096, -1, 0, 1, 17, 2048}) {
      const long wanted = static_cast<long>(pages * kPage) + beside;
      if (wanted < 0 || wanted > static_cast<long>(kLongest)) continue;
      const auto byte_length = static_cast<size_t>(wanted);
      for (const size_t start : {0, 1, 63}) {
        std::vector<unsigned char> to(byte_length + 2 * kPage, 0xee);
        cold_copy(to.data() + start + 64, from.data() + start, byte_length);
        CHECK(memcmp(to.data() + start + 64, from.data() + start, byte_length) == 0);
        for (size_t at = 0; at < start + 64; at++) REQUIRE(to[at] == 0xee);
        for (size_t at = start + 64 + byte_length; at < to.size(); at++) REQUIRE(to[at] == 0xee);
      }
    }
  }
}

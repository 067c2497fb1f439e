// SPDX-License-Identifier: MIT
#include "emulator/domain.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

namespace nvm::emulator {
namespace {

Region region(uint64_t first, uint64_t byte_length) {
  return {first, byte_length, nullptr, false, true};
}

TEST_CASE("a domain finds only what lies whole in one region") {
  Domain domain;
  REQUIRE(domain.add(region(0x1000, 0x1000)));
  REQUIRE(domain.add(region(0x2000, 0x1000)));
  CHECK(domain.find(0x1000, 0x1000) != nullptr);
  CHECK(domain.find(0x1fff, 1) != nullptr);
  CHECK(domain.find(0x1fff, 2) == nullptr);  // continues in the neighbour, which is other memory
  CHECK(domain.find(0xfff, 1) == nullptr);
  CHECK(domain.find(0x3000, 1) == nullptr);
  CHECK(domain.find(0x1000, UINT64_MAX) == nullptr);
  CHECK(domain.find(UINT64_MAX, 2) == nullptr);
}

TEST_CASE("a domain refuses overlaps, nothing and what wraps around") {
  Domain domain;
  REQUIRE(domain.add(region(0x2000, 0x2000)));
  CHECK_FALSE(domain.add(region(0x1000, 0x1001)));
  CHECK_FALSE(domain.add(region(0x3fff, 1)));
  CHECK_FALSE(domain.add(region(0x1000, 0x8000)));
  CHECK_FALSE(domain.add(region(0x8000, 0)));
  CHECK_FALSE(domain.add(region(UINT64_MAX - 1, 3)));
  CHECK(domain.add(region(UINT64_MAX - 1, 2)));
  CHECK(domain.find(UINT64_MAX, 1) != nullptr);
}

TEST_CASE("a domain removes exact matches only, and its generation tells") {
  Domain domain;
  REQUIRE(domain.add(region(0x1000, 0x1000)));
  const uint64_t generation = domain.generation();
  CHECK_FALSE(domain.remove(0x1000, 0x800));
  CHECK_FALSE(domain.remove(0x1800, 0x800));
  CHECK(domain.generation() == generation);
  REQUIRE(domain.find(0x1000, 1) != nullptr);
  CHECK(domain.remove(0x1000, 0x1000));
  CHECK(domain.find(0x1000, 1) == nullptr);
  CHECK(domain.generation() > generation);
}

TEST_CASE("a domain agrees with a map of bytes, whatever is added, removed and asked") {
  constexpr unsigned kBytes = 256;
  std::mt19937 random(20261121);
  const auto below = [&](unsigned bound) { return static_cast<unsigned>(random() % bound); };
  for (int round = 0; round < 50; round++) {
    Domain domain;
    int owner[kBytes];  // number of the region that holds the byte, or −1
    std::fill(std::begin(owner), std::end(owner), -1);
    int next = 0;
    for (int action = 0; action < 200; action++) {
      const unsigned first = below(kBytes);
      const unsigned length = 1 + below(std::min(24u, kBytes - first));
      const bool is_free =
          std::all_of(owner + first, owner + first + length, [](int o) { return o < 0; });
      switch (below(4)) {
        case 0:
          CHECK(domain.add(region(first, length)) == is_free);
          if (is_free) std::fill(owner + first, owner + first + length, next++);
          break;
        case 1: {
          const int o = owner[first];
          const bool whole = o >= 0 && (first == 0 || owner[first - 1] != o) &&
                             std::count(owner, owner + kBytes, o) == length &&
                             owner[first + length - 1] == o;
          CHECK(domain.remove(first, length) == whole);
          if (whole) std::fill(owner + first, owner + first + length, -1);
          break;
        }
        default: {
          const bool inside =
              owner[first] >= 0 && std::all_of(owner + first, owner + first + length,
                                               [&](int o) { return o == owner[first]; });
          CHECK((domain.find(first, length) != nullptr) == inside);
        }
      }
    }
  }
}

}  // namespace
}  // namespace nvm::emulator

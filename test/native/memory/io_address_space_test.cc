// SPDX-License-Identifier: MIT
// The allocator of I/O addresses against a model that simply remembers every interval given out.
#include "memory/io_address_space.h"

#include <doctest/doctest.h>

#include <random>

using namespace nvm;

namespace {

// Intervals given out, checked one against all.
class Model {
 public:
  Model(std::vector<IoRange> aperture, std::vector<IoRange> reserved)
      : aperture_(std::move(aperture)), reserved_(std::move(reserved)) {}

  void take(uint64_t first, uint64_t byte_length) {
    const IoRange range{first, byte_length};
    size_t holders = 0;
    for (const IoRange& inside : aperture_) {
      holders += first >= inside.first && first + byte_length <= inside.first + inside.byte_length;
    }
    CHECK(holders == 1);
    for (const IoRange& other : reserved_) CHECK_FALSE(overlap(range, other));
    for (const IoRange& other : taken_) CHECK_FALSE(overlap(range, other));
    taken_.push_back(range);
  }
  uint64_t give_back(size_t index) {
    const uint64_t first = taken_[index].first;
    taken_.erase(taken_.begin() + static_cast<ptrdiff_t>(index));
    return first;
  }
  size_t taken_count() const { return taken_.size(); }

 private:
  static bool overlap(const IoRange& a, const IoRange& b) {
    return a.first < b.first + b.byte_length && b.first < a.first + a.byte_length;
  }
  std::vector<IoRange> aperture_, reserved_, taken_;
};

}  // namespace

TEST_CASE("random allocations never overlap, stay in the aperture and leave nothing behind") {
  const std::vector<IoRange> aperture{{0x1000, 0x40000}, {0x100000, 0x20000}};
  const std::vector<IoRange> reserved{{0x8000, 0x2000}, {0x11f000, 0x10000}, {0x0, 0x2000}};
  for (uint32_t seed = 1; seed <= 20; seed++) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    IoAddressSpace space(aperture, reserved);
    Model model(aperture, reserved);
    for (int round = 0; round < 400; round++) {
      if (model.taken_count() > 0 && random() % 3 == 0) {
        space.free(model.give_back(random() % model.taken_count()));
        continue;
      }
      const uint64_t byte_length = 1 + random() % 0x6000;
      const uint64_t alignment = 1ull << random() % 14;
      Result<uint64_t> first = space.allocate(byte_length, alignment);
      if (!first.ok()) continue;
      CHECK(first.value() % alignment == 0);
      model.take(first.value(), byte_length);
    }
    while (model.taken_count() > 0) space.free(model.give_back(model.taken_count() - 1));
    // All of it is free and joined again: the largest hole is one allocation.
    CHECK(space.allocate(0x41000 - 0xa000, 1).ok());
    CHECK(space.allocate(0x11f000 - 0x100000, 1).ok());
    CHECK(space.allocate(0x8000 - 0x2000, 1).ok());
    CHECK_FALSE(space.allocate(1, 1).ok());
  }
}

TEST_CASE("an exhausted aperture is ERR_MEMORY, and freeing ends that") {
  IoAddressSpace space({{0x1000, 0x2000}});
  Result<uint64_t> first = space.allocate(0x2000, 0x1000);
  REQUIRE(first.ok());
  Result<uint64_t> refused = space.allocate(0x1000, 0x1000);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().failure().code == ErrorCode::Memory);
  space.free(0x1234);  // never given out
  CHECK_FALSE(space.allocate(0x1000, 0x1000).ok());
  space.free(first.value());
  CHECK(space.allocate(0x1000, 0x1000).ok());
}

TEST_CASE("a range to the very top of the addresses does not wrap") {
  IoAddressSpace space({{UINT64_MAX - 0x1fff, UINT64_MAX}, {UINT64_MAX - 0x1fff, 0x1000}});
  CHECK(space.allocate(0x1000, 0x1000).value() == UINT64_MAX - 0x1fff);
  CHECK_FALSE(space.allocate(0x2000, 1).ok());
  CHECK_FALSE(space.allocate(UINT64_MAX, 1).ok());
  CHECK_FALSE(space.allocate(1, UINT64_MAX).ok());
}

TEST_CASE("a length or an alignment of 0 is refused") {
  IoAddressSpace space({{0x1000, 0x2000}});
  CHECK(space.allocate(0, 1).status().failure().code == ErrorCode::Argument);
  CHECK(space.allocate(1, 0).status().failure().code == ErrorCode::Argument);
}

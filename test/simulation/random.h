// SPDX-License-Identifier: MIT
// A seeded generator whose numbers are the same everywhere (the standard library's distributions
// are not), and the clock that only moves when a simulation says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "platform/clock.h"

namespace nvm::simulation {

// A bijection of 64-bit numbers without visible pattern (SplitMix64's output function).
constexpr uint64_t mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

class Random {
 public:
  explicit Random(uint64_t seed) : state_(mix(seed)) {}

  uint64_t next() { return mix(state_ += 0x9e3779b97f4a7c15); }
  // 0 … bound − 1.
  uint64_t below(uint64_t bound) {
    return static_cast<uint64_t>(static_cast<unsigned __int128>(next()) * bound >> 64);
  }
  // Both ends included.
  uint64_t between(uint64_t low, uint64_t high) { return low + below(high - low + 1); }
  // Small numbers much more often than large ones: every power of two is as likely.
  uint64_t skewed(uint64_t low, uint64_t high) {
    const uint64_t span = high - low + 1;
    const unsigned bits = 64 - static_cast<unsigned>(__builtin_clzll(span));
    const uint64_t bound = below(bits) + 1;
    return low + below(bound >= 63 || (1ull << bound) > span ? span : 1ull << bound);
  }
  bool chance(unsigned percent) { return below(100) < percent; }
  bool one_in(uint64_t count) { return below(count) == 0; }
  template <class Container>
  auto& pick(Container& container) {
    return container[below(std::size(container))];
  }

 private:
  uint64_t state_;
};

class VirtualClock final : public Clock {
 public:
  uint64_t now_ns() override { return now; }
  uint64_t now = 1'000'000;
};

}  // namespace nvm::simulation

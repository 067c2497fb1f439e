// SPDX-License-Identifier: MIT
// Numbers that a seed repeats exactly, on every machine: SplitMix64, whose whole state is one word.
#pragma once

#include <cstdint>

namespace nvm::emulator {

class SeededRandom {
 public:
  explicit SeededRandom(uint64_t seed = 0) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  // True with `probability`, 0 to 1.
  bool chance(double probability) {
    constexpr double kUnit = 1.0 / (uint64_t{1} << 53);
    return static_cast<double>(next() >> 11) * kUnit < probability;
  }

 private:
  uint64_t state_;
};

}  // namespace nvm::emulator

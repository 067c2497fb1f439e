// SPDX-License-Identifier: MIT
// The bytes of a fuzzer as decisions. What is beyond the end is zero, so that every input means
// something.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>

namespace nvm::fuzz {

class Input {
 public:
  explicit Input(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  size_t byte_length() const { return bytes_.size(); }

  template <class Number>
  Number number() {
    Number value{};
    const auto taken = bytes(sizeof(value));
    if (!taken.empty()) memcpy(&value, taken.data(), taken.size());
    return value;
  }
  uint8_t u8() { return number<uint8_t>(); }
  uint16_t u16() { return number<uint16_t>(); }
  uint32_t u32() { return number<uint32_t>(); }
  uint64_t u64() { return number<uint64_t>(); }
  // 0 … bound − 1; from one byte where that suffices.
  uint64_t below(uint64_t bound) { return (bound <= 256 ? u8() : u64()) % bound; }
  template <class Container>
  auto& pick(Container& container) {
    return container[below(std::size(container))];
  }
  std::span<const uint8_t> bytes(size_t count) {
    const auto taken = bytes_.first(std::min(count, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }

 private:
  std::span<const uint8_t> bytes_;
};

}  // namespace nvm::fuzz

// SPDX-License-Identifier: MIT
// A link that several share: a flash channel, or PCIe. Each transfer takes the free time from its
// beginning on, around what was promised before, so that one which begins later is not in the way
// of one which begins sooner. Exact to the nanosecond.
#pragma once

#include <cstdint>
#include <map>

namespace nvm::emulator {

class SharedLink {
 public:
  explicit SharedLink(uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  // When the last of `byte_length` bytes is over, if the first may move at `at_ns`. What would have
  // begun in the past begins now.
  uint64_t transfer(uint64_t byte_length, uint64_t at_ns);
  // It is `now_ns`; what was before is forgotten.
  void run_until(uint64_t now_ns);

 private:
  uint64_t bytes_per_second_;
  uint64_t remainder_ = 0;  // of the last division: less than a nanosecond, in 1/bytes_per_second_
  uint64_t now_ns_ = 0;
  std::map<uint64_t, uint64_t> busy_;  // ends by beginnings, disjoint
};

}  // namespace nvm::emulator

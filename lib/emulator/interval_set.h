// SPDX-License-Identifier: MIT
// A set of numbers kept as disjoint intervals, for what is true of few block ranges.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>

namespace nvm::emulator {

class IntervalSet {
 public:
  bool empty() const { return last_by_first_.empty(); }
  void clear() { last_by_first_.clear(); }

  // `count` is at least 1 and first + count − 1 does not overflow.
  bool overlaps(uint64_t first, uint64_t count) const {
    auto next = last_by_first_.upper_bound(first + (count - 1));
    return next != last_by_first_.begin() && std::prev(next)->second >= first;
  }
  void add(uint64_t first, uint64_t count) {
    remove(first, count);
    last_by_first_[first] = first + (count - 1);
  }
  void remove(uint64_t first, uint64_t count) {
    const uint64_t last = first + (count - 1);
    auto at = last_by_first_.upper_bound(last);
    while (at != last_by_first_.begin()) {
      --at;
      const auto [old_first, old_last] = *at;
      if (old_last < first) break;
      at = last_by_first_.erase(at);
      if (old_last > last) at = last_by_first_.emplace(last + 1, old_last).first;
      if (old_first < first) at = last_by_first_.emplace(old_first, first - 1).first;
    }
  }

  // By their first numbers; neighbours may not be joined.
  const std::map<uint64_t, uint64_t>& last_by_first() const { return last_by_first_; }

 private:
  std::map<uint64_t, uint64_t> last_by_first_;
};

}  // namespace nvm::emulator

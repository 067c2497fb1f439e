// SPDX-License-Identifier: MIT
// A set of numbers kept as disjoint intervals, for what is true of few block ranges. Bounded: who
// decides what is in it may be hostile.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

namespace nvm::emulator {

class IntervalSet {
 public:
  static constexpr size_t kIntervalsMax = 4096;

  bool empty() const { return last_by_first_.empty(); }
  void clear() { last_by_first_.clear(); }

  // In all of these, `count` is at least 1 and first + count − 1 does not overflow.
  bool overlaps(uint64_t first, uint64_t count) const {
    auto next = last_by_first_.upper_bound(first + (count - 1));
    return next != last_by_first_.begin() && std::prev(next)->second >= first;
  }
  // False, and nothing changed, when that would take more than kIntervalsMax intervals.
  bool add(uint64_t first, uint64_t count) {
    uint64_t last = first + (count - 1);
    auto at = last_by_first_.upper_bound(last);
    if (at != last_by_first_.end() && at->first - 1 == last) ++at;
    // `at` is beyond all that this interval touches; they become one.
    while (at != last_by_first_.begin()) {
      const auto touched = std::prev(at);
      if (touched->second < first && first - touched->second > 1) break;
      if (touched->first < first) first = touched->first;
      if (touched->second > last) last = touched->second;
      at = last_by_first_.erase(touched);
    }
    if (last_by_first_.size() == kIntervalsMax) return false;
    last_by_first_.emplace(first, last);
    return true;
  }
  bool remove(uint64_t first, uint64_t count) {
    const uint64_t last = first + (count - 1);
    auto at = last_by_first_.upper_bound(last);
    if (at == last_by_first_.begin()) return true;
    const auto [within_first, within_last] = *std::prev(at);
    const bool splits = within_first < first && within_last > last;
    if (splits && last_by_first_.size() == kIntervalsMax) return false;
    while (at != last_by_first_.begin()) {
      --at;
      const auto [old_first, old_last] = *at;
      if (old_last < first) break;
      at = last_by_first_.erase(at);
      if (old_last > last) at = last_by_first_.emplace(last + 1, old_last).first;
      if (old_first < first) at = last_by_first_.emplace(old_first, first - 1).first;
    }
    return true;
  }

  // What the set has of [first, first + count): pairs of first and last number.
  std::vector<std::pair<uint64_t, uint64_t>> within(uint64_t first, uint64_t count) const {
    const uint64_t last = first + (count - 1);
    std::vector<std::pair<uint64_t, uint64_t>> found;
    auto at = last_by_first_.upper_bound(last);
    while (at != last_by_first_.begin() && (--at)->second >= first) {
      found.emplace_back(std::max(first, at->first), std::min(last, at->second));
    }
    return found;
  }

  // By their first numbers; no two of them touch.
  const std::map<uint64_t, uint64_t>& last_by_first() const { return last_by_first_; }

 private:
  std::map<uint64_t, uint64_t> last_by_first_;
};

}  // namespace nvm::emulator

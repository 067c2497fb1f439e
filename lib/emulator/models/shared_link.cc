// SPDX-License-Identifier: MIT
#include "emulator/models/shared_link.h"

#include <algorithm>
#include <iterator>

namespace nvm::emulator {

uint64_t SharedLink::transfer(uint64_t byte_length, uint64_t at_ns) {
  constexpr unsigned __int128 kNanosecondsPerSecond = 1'000'000'000;
  const unsigned __int128 scaled = byte_length * kNanosecondsPerSecond + remainder_;
  uint64_t left_ns = static_cast<uint64_t>(scaled / bytes_per_second_);
  remainder_ = static_cast<uint64_t>(scaled % bytes_per_second_);

  at_ns = std::max(at_ns, now_ns_);
  uint64_t first_ns = at_ns;
  auto next = busy_.upper_bound(at_ns);
  if (next != busy_.begin()) {
    const auto before = std::prev(next);
    if (before->second >= at_ns) {
      first_ns = before->first;
      at_ns = before->second;
      busy_.erase(before);
    }
  }
  while (next != busy_.end() && next->first - at_ns < left_ns) {
    left_ns -= next->first - at_ns;
    at_ns = next->second;
    next = busy_.erase(next);
  }
  at_ns += left_ns;
  busy_.emplace(first_ns, at_ns);
  return at_ns;
}

void SharedLink::run_until(uint64_t now_ns) {
  now_ns_ = std::max(now_ns_, now_ns);
  while (!busy_.empty() && busy_.begin()->second <= now_ns_) busy_.erase(busy_.begin());
}

}  // namespace nvm::emulator

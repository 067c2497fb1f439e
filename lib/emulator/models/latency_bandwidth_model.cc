// SPDX-License-Identifier: MIT
#include "emulator/models/latency_bandwidth_model.h"

#include <algorithm>

namespace nvm::emulator {

LatencyBandwidthModel::LatencyBandwidthModel(uint64_t latency_ns, uint64_t bytes_per_second)
    : latency_ns_(latency_ns), bytes_per_second_(bytes_per_second) {}

Schedule LatencyBandwidthModel::schedule(const TimedCommand& command, uint64_t now_ns) {
  const uint64_t earliest = now_ns + latency_ns_;
  if (bytes_per_second_ == 0) return {earliest, false};
  if (link_free_at_ns_ <= now_ns) {
    link_free_at_ns_ = now_ns;
    remainder_ = 0;
  }
  // The fraction of a nanosecond that a division cuts off is charged to the next command: without
  // it small commands would run up to a percent too fast.
  constexpr unsigned __int128 kNanosecondsPerSecond = 1'000'000'000;
  const unsigned __int128 scaled = command.byte_length * kNanosecondsPerSecond + remainder_;
  link_free_at_ns_ += static_cast<uint64_t>(scaled / bytes_per_second_);
  remainder_ = static_cast<uint64_t>(scaled % bytes_per_second_);
  return {std::max(earliest, link_free_at_ns_), false};
}

}  // namespace nvm::emulator

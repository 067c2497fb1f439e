// SPDX-License-Identifier: MIT
#include "emulator/models/latency_bandwidth_model.h"

#include <algorithm>

#include "emulator/models/media_work.h"

namespace nvm::emulator {

Schedule LatencyBandwidthModel::schedule(const TimedCommand& command, uint64_t now_ns) {
  const MediaWork work = media_work(command);
  Direction& direction = work == MediaWork::Read ? read_ : write_;
  const uint64_t earliest = now_ns + direction.timing.latency_ns;
  const uint64_t bytes_per_second = direction.timing.bytes_per_second;
  if (bytes_per_second == 0 || work == MediaWork::None) return {earliest, false};
  if (free_at_ns_ <= now_ns) {
    free_at_ns_ = now_ns;
    read_.remainder = 0;
    write_.remainder = 0;
  }
  // The fraction of a nanosecond that a division cuts off is charged to the next command: without
  // it small commands would run up to a percent too fast.
  constexpr unsigned __int128 kNanosecondsPerSecond = 1'000'000'000;
  const unsigned __int128 scaled =
      command.byte_length * kNanosecondsPerSecond + direction.remainder;
  free_at_ns_ += static_cast<uint64_t>(scaled / bytes_per_second);
  direction.remainder = static_cast<uint64_t>(scaled % bytes_per_second);
  return {std::max(earliest, free_at_ns_), false};
}

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// A latency target and a bandwidth target that both hold, at every depth, for reads and for writes:
// the medium, which both share, is occupied for byte_length / bandwidth, and no command completes
// sooner than `latency` after it arrived. What moves no blocks takes the latency of a write.
#pragma once

#include "emulator/timing_model.h"

namespace nvm::emulator {

struct DirectionTiming {
  uint64_t latency_ns;
  uint64_t bytes_per_second;  // 0: no limit
};

class LatencyBandwidthModel final : public TimingModel {
 public:
  // Reads as writes; `bytes_per_second` 0: no bandwidth limit.
  LatencyBandwidthModel(uint64_t latency_ns, uint64_t bytes_per_second)
      : LatencyBandwidthModel({latency_ns, bytes_per_second}, {latency_ns, bytes_per_second}) {}
  LatencyBandwidthModel(const DirectionTiming& read, const DirectionTiming& write)
      : read_{read}, write_{write} {}
  Schedule schedule(const TimedCommand& command, uint64_t now_ns) override;

 private:
  struct Direction {
    DirectionTiming timing;
    uint64_t remainder = 0;  // of its last division: less than a ns, in 1/bytes_per_second
  };

  Direction read_;
  Direction write_;
  uint64_t free_at_ns_ = 0;
};

}  // namespace nvm::emulator

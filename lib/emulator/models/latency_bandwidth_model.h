// SPDX-License-Identifier: MIT
// A latency target and a bandwidth target that both hold, at every depth: the link is occupied for
// byte_length / bandwidth, and no command completes sooner than `latency` after it arrived.
#pragma once

#include "emulator/timing_model.h"

namespace nvm::emulator {

class LatencyBandwidthModel final : public TimingModel {
 public:
  // `bytes_per_second` 0: no bandwidth limit.
  LatencyBandwidthModel(uint64_t latency_ns, uint64_t bytes_per_second);
  Schedule schedule(const TimedCommand& command, uint64_t now_ns) override;
  void run_until(uint64_t) override {}

 private:
  uint64_t latency_ns_;
  uint64_t bytes_per_second_;
  uint64_t link_free_at_ns_ = 0;
  uint64_t remainder_ = 0;  // of the last division: less than a nanosecond, in 1/bytes_per_second_
};

}  // namespace nvm::emulator

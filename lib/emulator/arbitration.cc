// SPDX-License-Identifier: MIT
// Whose turn it is: round robin, or weighted round robin with an urgent class (NVMe base 2.0,
// 3.4.4). The admin queue is always first.
#include <algorithm>

#include "emulator/controller_state.h"

namespace nvm::emulator {

// Commands of one queue in one round.
uint32_t ControllerState::burst() const {
  constexpr uint32_t kNoLimit = 7;
  const uint32_t log2 = spec::feature_arbitration::ab.get(features[spec::feature::arbitration]);
  return log2 == kNoLimit ? kBurstMax : 1u << log2;
}

bool ControllerState::fetch_round_robin(Clock& clock) {
  bool worked = false;
  const uint32_t most = burst();
  const size_t count = active_.size();
  for (size_t i = 0; i < count && running_; i++) {
    const size_t index = first_active_ + i;
    worked |= fetch(*active_[index < count ? index : index - count], clock, most) != 0;
  }
  // Whoever was first is last in the next step, so that none starves for room in a shared queue.
  if (count != 0 && ++first_active_ >= count) first_active_ = 0;
  return worked;
}

// One round: as long as urgent queues have commands nobody else has a turn; then each class has as
// many commands as its weight says.
bool ControllerState::fetch_weighted(Clock& clock) {
  const uint32_t setting = features[spec::feature::arbitration];
  if (fetch_class(spec::queue_priority::urgent, kBurstMax, clock) != 0) return true;
  uint32_t taken = fetch_class(spec::queue_priority::high,
                               spec::feature_arbitration::hpw.get(setting) + 1, clock);
  taken += fetch_class(spec::queue_priority::medium,
                       spec::feature_arbitration::mpw.get(setting) + 1, clock);
  taken += fetch_class(spec::queue_priority::low, spec::feature_arbitration::lpw.get(setting) + 1,
                       clock);
  return taken != 0;
}

// Up to `credits` commands of the queues with this priority, by bursts; how many there were.
uint32_t ControllerState::fetch_class(uint8_t priority, uint32_t credits, Clock& clock) {
  const std::vector<SubmissionQueue*>& queues = classes_[priority];
  size_t& next = first_of_class_[priority];
  const uint32_t most = burst();
  uint32_t taken = 0;
  size_t empty_in_a_row = 0;
  while (taken < credits && empty_in_a_row < queues.size() && running_) {
    if (next >= queues.size()) next = 0;
    const uint32_t fetched = fetch(*queues[next++], clock, std::min(most, credits - taken));
    taken += fetched;
    empty_in_a_row = fetched == 0 ? empty_in_a_row + 1 : 0;
  }
  return taken;
}

}  // namespace nvm::emulator

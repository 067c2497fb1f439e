// SPDX-License-Identifier: MIT
// The features of a controller: what is set, what was saved, and what is true of each.
#pragma once

#include <cstdint>
#include <map>

#include "spec/nvme.h"

namespace nvm::emulator {

class ControllerState;
class Subsystem;

// Names one value: the feature, and of which part of it (a vector, a kind of threshold, a
// namespace).
struct FeatureKey {
  uint8_t id;
  uint32_t part = 0;
  auto operator<=>(const FeatureKey&) const = default;
};
using FeatureValues = std::map<FeatureKey, uint32_t>;

// Of one controller, until its next reset; ControllerState::features mirrors the values of part 0.
struct CurrentFeatures {
  FeatureValues values;  // that were set
  spec::HostBehaviorSupport host_behavior{};
  // The Timestamp feature: milliseconds at a time of Subsystem::running_ns().
  uint64_t timestamp_ms = 0;
  uint64_t timestamp_at_ns = 0;
  bool timestamp_from_host = false;
};

uint32_t feature_value(const ControllerState& state, FeatureKey key);
// The Timestamp feature as it is now.
uint64_t timestamp(const ControllerState& state);
// Saved values of a namespace that is gone mean nothing for the next one with its id.
void forget_namespace_features(Subsystem& subsystem, uint32_t namespace_id);

}  // namespace nvm::emulator

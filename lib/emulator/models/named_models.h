// SPDX-License-Identifier: MIT
// Timing models of known drives.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "emulator/timing_model.h"

namespace nvm::emulator {

struct NamedModel {
  std::string_view name;
  uint64_t
      byte_length_max;  // of all namespaces of a device: each has a model with memory of its own
  std::unique_ptr<TimingModel> (*make)(uint64_t byte_length);
};

std::span<const NamedModel> named_models();
// Null when there is none of this name.
const NamedModel* find_named_model(std::string_view name);

}  // namespace nvm::emulator

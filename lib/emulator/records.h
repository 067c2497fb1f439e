// SPDX-License-Identifier: MIT
// What a subsystem remembers of itself, whatever happens to its controllers: counters, logs, saved
// features.
#pragma once

#include <cstdint>
#include <map>

#include "emulator/admin/features.h"
#include "emulator/admin/health.h"
#include "emulator/admin/persistent_events.h"
#include "emulator/admin/sanitize.h"
#include "emulator/admin/self_test.h"
#include "emulator/error_log.h"

namespace nvm::emulator {

struct Records {
  Health health;
  PersistentEvents events;
  SelfTests self_tests;
  SanitizeState sanitize;
  std::map<uint16_t, FeatureValues> saved_features;  // by controller
  std::map<uint16_t, ErrorLog> error_logs;           // of controllers that will be added
  uint32_t namespaces_created = 0;                   // by commands: each has another generation
};

}  // namespace nvm::emulator

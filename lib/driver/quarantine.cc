// SPDX-License-Identifier: MIT
#include "driver/quarantine.h"

#include <mutex>
#include <vector>

namespace nvm {

void quarantine_forever(std::shared_ptr<const void> memory) {
  static std::mutex& mutex = *new std::mutex;
  static auto& kept =
      *new std::vector<std::shared_ptr<const void>>;  // never destroyed: that is the point
  if (memory == nullptr) return;
  std::lock_guard lock(mutex);
  kept.push_back(std::move(memory));
}

}  // namespace nvm

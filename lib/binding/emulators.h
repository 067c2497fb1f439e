// SPDX-License-Identifier: MIT
// The emulated devices that JavaScript has started, by numbers that never repeat: how a Worker
// opens a controller of a device that another thread started.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "emulator/running_device.h"

namespace nvm::binding {

struct EmulatorHandle {
  // Null once it was closed; controllers that are open keep the device.
  std::shared_ptr<emulator::RunningDevice> device() {
    std::lock_guard lock(mutex);
    return running;
  }

  uint64_t id = 0;
  std::mutex mutex;
  std::shared_ptr<emulator::RunningDevice> running;
};

// Null when there is no such device, or it was closed.
std::shared_ptr<emulator::RunningDevice> find_emulator(uint64_t id);

}  // namespace nvm::binding

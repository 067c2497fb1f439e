// SPDX-License-Identifier: MIT
// An emulated device at work: its subsystem and the thread that steps it, shared by all who use its
// controllers. It ends with the last of them.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "emulator/emulated_device.h"
#include "emulator/runner.h"

namespace nvm::emulator {

class RunningDevice {
 public:
  // Makes the controllers and starts the thread.
  explicit RunningDevice(EmulatedDevice device);

  Runner& runner() { return runner_; }
  PcieController& controller(size_t index) { return *controllers_[index]; }
  size_t controller_count() const { return controllers_.size(); }
  const PcieControllerLimits& limits() const { return limits_; }
  const std::string& address() const { return address_; }
  bool write_protected() const { return write_protected_; }
  bool in_memory() const { return in_memory_; }
  // What it was made with, but for its namespaces, the image, and how that is opened and timed.
  EmulatorOptions description();

  // A controller has one user: a host in this process, or the server of another one. ERR_RANGE when
  // there is no such controller, ERR_BUSY when it has a user.
  Status take_controller(size_t index);
  void give_controller_back(size_t index);
  // For whoever saves the device.
  std::unique_lock<std::mutex> lock_saving() { return std::unique_lock(saving_mutex_); }

 private:
  const std::string address_;
  const PcieControllerLimits limits_;
  const bool write_protected_;
  const bool in_memory_;
  const uint64_t data_identity_;
  std::mutex saving_mutex_;
  std::mutex mutex_;
  std::vector<bool> taken_;
  std::vector<PcieController*> controllers_;  // in the subsystem that runner_ owns
  Runner runner_;
};

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// A device at work as bytes: what it was made with, what it remembers and, when it lives in memory,
// its data. The queues of its hosts lie in the hosts' memory, which stays where it is: controllers
// that are made of such bytes begin as after a reset.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <vector>

#include "emulator/emulated_device.h"
#include "emulator/stores/media.h"

namespace nvm::emulator {

class RunningDevice;

// How much data of a device in memory can be saved; zeroes do not count.
constexpr uint64_t kSavedDataBytesMax = 2ull << 30;

// While it lives, the device takes no new commands, so that those under way end and nothing is
// written. One at a time for a device.
class DeviceSaving {
 public:
  explicit DeviceSaving(RunningDevice& device);
  ~DeviceSaving();
  DeviceSaving(const DeviceSaving&) = delete;
  DeviceSaving& operator=(const DeviceSaving&) = delete;

  // False while commands are under way: ask again.
  bool begin();
  // After begin(). Takes as long as copying the data takes (written_pages.h), but the device is
  // stepped meanwhile.
  // ERR_RANGE when there is more than kSavedDataBytesMax.
  Result<std::vector<std::byte>> finish();

 private:
  RunningDevice& device_;
  std::vector<std::byte> records_;
  std::vector<Namespace*> kept_;  // counted in their `in_flight`: their stores stay
};

struct SavedDevice {
  EmulatorOptions options;  // but for the image, and how it is opened and timed
  bool in_memory = false;
  std::map<StoreName, std::unique_ptr<Store>> stores;  // of a device in memory
  std::vector<std::byte> records;                      // for resume_records()
};

// ERR_STATE for bytes that make no sense.
Result<SavedDevice> read_saved_device(std::span<const std::byte> saved);

}  // namespace nvm::emulator

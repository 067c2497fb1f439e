// SPDX-License-Identifier: MIT
// An emulated device as users describe it: options in, a subsystem with one namespace out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "emulator/subsystem.h"
#include "platform/status.h"

namespace nvm {

struct EmulatorOptions {
  std::string image;               // path of a raw image; empty: memory
  uint64_t byte_length = 0;        // 0: the image's size, or kDefaultMemoryBytes
  uint32_t lba_byte_length = 512;  // 512 or 4096
  bool create = false;             // make the image (sparse) when it does not exist
  bool read_only = false;
  // Timing of every command: 0 and 0 mean none, as fast as the machine.
  uint64_t latency_ns = 0;
  uint64_t bytes_per_second = 0;
  std::string serial;  // empty: derived from the image, or "PEERNVM0"
};

constexpr uint64_t kDefaultMemoryBytes = 1ull << 30;

namespace emulator {

struct EmulatedDevice {
  std::unique_ptr<Subsystem> subsystem;  // has its namespace, and no controller yet
  std::string address;                   // what it is over, for messages
  bool write_protected;
};

// `fd`: an open image instead of `options.image`, duplicated; −1 for none. ERR_ARGUMENT for options
// out of range; ERR_IMAGE, ERR_BUSY, ERR_OS for an image that cannot be used.
Result<EmulatedDevice> make_emulated_device(const EmulatorOptions& options, int fd = -1);

}  // namespace emulator
}  // namespace nvm

// SPDX-License-Identifier: MIT
// The one table of targets: what a string, an fd or an emulator's options open.
#pragma once

#include <memory>
#include <string>

#include "transport/transport.h"

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

// `target`: an image file → emulator; `05:00.0` or `0000:05:00.0` → PCI by what drives it (vfio-pci
// → vfio, nothing → sysfs); empty → an emulator over memory. Prefixes `emulator:` and `pci:`
// override. The same image twice in one process is the same device. ERR_TARGET names what was
// tried.
Result<std::shared_ptr<Transport>> open_transport(const std::string& target);
Result<std::shared_ptr<Transport>> open_emulator(const EmulatorOptions& options);
// A regular file → emulator over it; sysfs resource0 → that device. The fd is duplicated.
Result<std::shared_ptr<Transport>> open_transport_fd(int fd);

}  // namespace nvm

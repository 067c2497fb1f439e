// SPDX-License-Identifier: MIT
// Memory of a host that is reached only by asking the host to read or write it. Asynchronous, like
// Store: begin, later completed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "emulator/store.h"

namespace nvm::emulator {

class RemoteMemory {
 public:
  virtual ~RemoteMemory() = default;

  // Copy between the host's memory at `address` and ours, which must stay until the operation has
  // ended. Called with the baton held. Pending: operation.progress is set, with release order, when
  // the host has answered, and then whoever steps the device is woken.
  virtual Progress begin_read(Operation& operation, uint64_t address, std::byte* to,
                              size_t byte_length) = 0;
  virtual Progress begin_write(Operation& operation, uint64_t address, const std::byte* from,
                               size_t byte_length) = 0;
};

}  // namespace nvm::emulator

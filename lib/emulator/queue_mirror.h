// SPDX-License-Identifier: MIT
// A queue in memory that is reached only by messages: a copy of it here. Submission queue entries
// are brought when the doorbell has rung, completion queue entries taken over before the interrupt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "emulator/remote_memory.h"

namespace nvm::emulator {

class QueueMirror {
 public:
  QueueMirror(RemoteMemory& remote, uint64_t address, uint32_t entries, size_t entry_bytes)
      : remote_(&remote),
        address_(address),
        entries_(entries),
        entry_bytes_(entry_bytes),
        bytes_(entries * entry_bytes) {}

  std::byte* bytes() { return bytes_.data(); }
  // The same memory may be reached in another way from now on.
  void reach_by(RemoteMemory& remote) { remote_ = &remote; }

  // Copies entries up to `index`, one piece at a time. Pending: one is under way; look again. Done:
  // reached() is `index`. Failed: the host's memory cannot be reached.
  Progress bring(uint32_t index) { return go_on(index, true); }
  Progress take_over(uint32_t index) { return go_on(index, false); }
  // Everything before this entry is the same on both sides.
  uint32_t reached() const { return reached_; }
  // While it is, the mirror must stay.
  bool busy() const {
    return under_way_ && operation_.progress.load(std::memory_order_acquire) == Progress::Pending;
  }

 private:
  Progress go_on(uint32_t index, bool from_host);

  RemoteMemory* remote_;
  const uint64_t address_;
  const uint32_t entries_;
  const size_t entry_bytes_;
  std::vector<std::byte> bytes_;
  Operation operation_;
  bool under_way_ = false;
  uint32_t reached_ = 0;
  uint32_t next_ = 0;  // reached() when the operation has ended
};

}  // namespace nvm::emulator

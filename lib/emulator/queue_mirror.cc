// SPDX-License-Identifier: MIT
#include "emulator/queue_mirror.h"

namespace nvm::emulator {

Progress QueueMirror::go_on(uint32_t index, bool from_host) {
  for (;;) {
    if (under_way_) {
      const Progress progress = operation_.progress.load(std::memory_order_acquire);
      if (progress == Progress::Pending) return progress;
      under_way_ = false;
      if (progress == Progress::Failed) return progress;
      reached_ = next_;
    }
    if (reached_ == index) return Progress::Done;
    // Up to the end of the queue first, when it goes on at the beginning.
    const uint32_t end = index > reached_ ? index : entries_;
    const size_t offset = reached_ * entry_bytes_;
    const size_t byte_length = (end - reached_) * entry_bytes_;
    next_ = end == entries_ ? 0 : end;
    const Progress begun = from_host ? remote_->begin_read(operation_, address_ + offset,
                                                           bytes_.data() + offset, byte_length)
                                     : remote_->begin_write(operation_, address_ + offset,
                                                            bytes_.data() + offset, byte_length);
    if (begun == Progress::Failed) return begun;
    if (begun == Progress::Done) {
      reached_ = next_;
    } else {
      under_way_ = true;
    }
  }
}

}  // namespace nvm::emulator

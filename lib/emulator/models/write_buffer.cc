// SPDX-License-Identifier: MIT
#include "emulator/models/write_buffer.h"

namespace nvm::emulator {

uint64_t WriteBuffer::room_at_ns(uint32_t pages) const {
  uint32_t free_pages = free_pages_;
  auto release = releases_.begin();
  while (free_pages + release->second < pages) {
    free_pages += release->second;
    ++release;
  }
  return release->first;
}

void WriteBuffer::run_until(uint64_t now_ns) {
  while (!releases_.empty() && releases_.begin()->first <= now_ns) {
    free_pages_ += releases_.begin()->second;
    releases_.erase(releases_.begin());
  }
}

}  // namespace nvm::emulator

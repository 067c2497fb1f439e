// SPDX-License-Identifier: MIT
// The pages of a drive's write buffer. A page is taken when the host's data arrives, and free again
// when what it held has been programmed.
#pragma once

#include <cstdint>
#include <map>

namespace nvm::emulator {

class WriteBuffer {
 public:
  explicit WriteBuffer(uint32_t pages) : free_pages_(pages) {}

  bool has_room(uint32_t pages) const { return free_pages_ >= pages; }
  void take(uint32_t pages) { free_pages_ -= pages; }
  // They become free at `at_ns`.
  void release(uint32_t pages, uint64_t at_ns) { releases_[at_ns] += pages; }

  // When there will be room for `pages`, which there is not yet. What is neither free nor about to
  // be must leave that many.
  uint64_t room_at_ns(uint32_t pages) const;
  void run_until(uint64_t now_ns);

 private:
  uint32_t free_pages_;
  std::map<uint64_t, uint32_t> releases_;  // pages by the time at which they become free
};

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// Doorbells of a device that hears of them by messages only. Consumers ring in a page of memory, as
// they do everywhere, and then call ring(), which tells the device what has changed. Where the
// controller takes Doorbell Buffer Config, that page is its shadow page, and most rings need no
// message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "memory/buffer.h"

namespace nvm {

class TrappedDoorbells {
 public:
  static constexpr size_t kPageBytes = 4096;

  // Tells the device of rings, all in one go: where each doorbell is in its doorbells, and its
  // value.
  struct Ring {
    uint32_t offset;
    uint32_t value;
  };
  using Send = std::function<void(const std::vector<Ring>&)>;

  // `pages`: one for doorbells, one for event indices, zeroed. `stride_bytes` divides a page.
  TrappedDoorbells(std::shared_ptr<Buffer> pages, uint32_t stride_bytes, Send send);

  const Buffer& pages() const { return *pages_; }
  uint32_t* words() const { return reinterpret_cast<uint32_t*>(pages_->bytes()); }

  // For every doorbell that was stored to since the last call: tells the device, unless it said in
  // its event index that it looks by itself. Any thread.
  void ring();

  // A doorbell of an I/O queue, or all of them, are 0 again, here and for the device. That of the
  // submission queue y is number 2y, that of the completion queue 2y + 1.
  void clear(uint32_t index);
  // The device looks at the page from now on; until clear_all().
  void use_shadow();
  void clear_all();

 private:
  bool must_be_told(uint32_t index, uint32_t before, uint32_t value) const;
  void look(uint32_t index);
  void clear_word(uint32_t index);

  const std::shared_ptr<Buffer> pages_;
  const uint32_t words_per_doorbell_;
  const uint32_t doorbell_count_;
  const Send send_;

  std::mutex mutex_;  // guards everything below
  bool shadow_ = false;
  uint32_t used_ = 2;            // doorbells that a queue has had: those behind are 0
  std::vector<uint32_t> known_;  // the values that were seen last
  std::vector<Ring> rings_;
};

}  // namespace nvm

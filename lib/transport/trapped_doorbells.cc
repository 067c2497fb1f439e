// SPDX-License-Identifier: MIT
#include "transport/trapped_doorbells.h"

#include <algorithm>
#include <atomic>

namespace nvm {
namespace {

constexpr uint32_t kFirstShadow = 2;  // the doorbells of the admin queues are registers always

std::atomic_ref<uint32_t> word_at(std::byte* page, uint32_t word) {
  return std::atomic_ref<uint32_t>(reinterpret_cast<uint32_t*>(page)[word]);
}

}  // namespace

TrappedDoorbells::TrappedDoorbells(std::shared_ptr<Buffer> pages, uint32_t stride_bytes, Send send)
    : pages_(std::move(pages)),
      words_per_doorbell_(stride_bytes / sizeof(uint32_t)),
      doorbell_count_(static_cast<uint32_t>(kPageBytes / stride_bytes)),
      send_(std::move(send)),
      known_(doorbell_count_) {}

// The order is that in which the device should hear: how far completions were taken before what
// makes new ones.
void TrappedDoorbells::ring() {
  std::lock_guard lock(mutex_);
  rings_.clear();
  for (uint32_t index = 1; index < used_; index += 2) look(index);
  for (uint32_t index = 0; index < used_; index += 2) look(index);
  if (!rings_.empty()) send_(rings_);
}

void TrappedDoorbells::look(uint32_t index) {
  const uint32_t word = index * words_per_doorbell_;
  // Acquire: the entries that whoever stored this had written go to the device before the ring.
  const uint32_t value = word_at(pages_->bytes(), word).load(std::memory_order_acquire);
  const uint32_t before = known_[index];
  if (value == before) return;
  known_[index] = value;
  if (!must_be_told(index, before, value)) return;
  rings_.push_back({word * static_cast<uint32_t>(sizeof(uint32_t)), value});
}

// The device stores its event index, then looks at the doorbell once more; whoever rings does it
// the other way round, in sequentially consistent order. So one of the two sees the other.
bool TrappedDoorbells::must_be_told(uint32_t index, uint32_t before, uint32_t value) const {
  if (!shadow_ || index < kFirstShadow) return true;
  const uint32_t event = word_at(pages_->bytes() + kPageBytes, index * words_per_doorbell_)
                             .load(std::memory_order_seq_cst);
  // Whether `value` has moved past the event index, in the arithmetic of 16 bits.
  return static_cast<uint16_t>(value - event - 1) < static_cast<uint16_t>(value - before);
}

void TrappedDoorbells::clear(uint32_t index) {
  if (index < kFirstShadow || index >= doorbell_count_) return;
  std::lock_guard lock(mutex_);
  used_ = std::max(used_, index + 1);
  clear_word(index);
}

void TrappedDoorbells::use_shadow() {
  std::lock_guard lock(mutex_);
  shadow_ = true;
}

void TrappedDoorbells::clear_all() {
  std::lock_guard lock(mutex_);
  shadow_ = false;
  for (uint32_t index = 0; index < used_; index++) clear_word(index);
}

// With `mutex_` held.
void TrappedDoorbells::clear_word(uint32_t index) {
  const uint32_t word = index * words_per_doorbell_;
  known_[index] = 0;
  word_at(pages_->bytes(), word).store(0, std::memory_order_release);
  word_at(pages_->bytes() + kPageBytes, word).store(0, std::memory_order_release);
}

}  // namespace nvm

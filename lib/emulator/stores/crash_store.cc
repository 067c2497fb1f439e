// SPDX-License-Identifier: MIT
#include "emulator/stores/crash_store.h"

#include <errno.h>

#include <algorithm>
#include <cstring>
#include <numeric>

namespace nvm::emulator {
namespace {

// SplitMix64.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t value = state_ += 0x9e3779b97f4a7c15;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return value ^ value >> 31;
  }
  uint64_t below(uint64_t limit) { return next() % limit; }

 private:
  uint64_t state_;
};

}  // namespace

bool CrashStore::in_range(Operation& operation, uint64_t offset, uint64_t byte_length) const {
  if (offset <= visible_.size() && byte_length <= visible_.size() - offset) return true;
  operation.os_error = EINVAL;
  return false;
}

Progress CrashStore::begin(Operation& operation, bool hold, std::function<void(bool)> end) {
  if (!hold) {
    end(true);
    return Progress::Done;
  }
  operation.progress.store(Progress::Pending, std::memory_order_relaxed);
  held_.push_back({&operation, std::move(end)});
  return Progress::Pending;
}

bool CrashStore::end_oldest(int os_error) {
  if (held_.empty()) return false;
  const Held held = std::move(held_.front());
  held_.pop_front();
  held.end(os_error == 0);
  held.operation->os_error = os_error;
  held.operation->progress.store(os_error == 0 ? Progress::Done : Progress::Failed,
                                 std::memory_order_release);
  if (hook_) hook_();
  return true;
}

Progress CrashStore::begin_read(Operation& operation, uint64_t offset, void* to,
                                size_t byte_length) {
  if (!in_range(operation, offset, byte_length)) return Progress::Failed;
  return begin(operation, options.hold_writes, [=, this](bool succeeded) {
    if (succeeded) memcpy(to, visible_.data() + offset, byte_length);
  });
}

Progress CrashStore::begin_write(Operation& operation, uint64_t offset, const void* from,
                                 size_t byte_length) {
  if (!in_range(operation, offset, byte_length)) return Progress::Failed;
  const auto* first = static_cast<const std::byte*>(from);
  return log_write(operation, offset, std::vector<std::byte>(first, first + byte_length));
}

Progress CrashStore::begin_deallocate(Operation& operation, uint64_t offset, uint64_t byte_length) {
  if (!in_range(operation, offset, byte_length)) return Progress::Failed;
  return log_write(operation, offset, std::vector<std::byte>(byte_length));
}

Progress CrashStore::log_write(Operation& operation, uint64_t offset, std::vector<std::byte> data) {
  const uint64_t id = event_count_++;
  log_.push_back({id, offset, std::move(data)});
  return begin(operation, options.hold_writes,
               [this, id](bool succeeded) { end_write(id, succeeded); });
}

// Of writes to the same bytes the one that ends last is read, and it is also the last in the log,
// so that a flush keeps what was read.
void CrashStore::end_write(uint64_t id, bool succeeded) {
  const auto found = std::find_if(log_.begin(), log_.end(), [=](auto& w) { return w.id == id; });
  if (!succeeded)
    found->data.resize(found->data.size() / 2 / options.tear_byte_length *
                       options.tear_byte_length);
  found->ended_at = event_count_++;
  std::copy(found->data.begin(), found->data.end(),
            visible_.begin() + static_cast<ptrdiff_t>(found->offset));
  const auto under_way =
      std::find_if(log_.begin(), found, [](auto& w) { return w.ended_at == UINT64_MAX; });
  std::rotate(under_way, found, found + 1);
}

Progress CrashStore::begin_flush(Operation& operation) {
  const uint64_t begun_at = event_count_++;
  return begin(operation, options.hold_flushes, [this, begun_at](bool succeeded) {
    if (succeeded) end_flush(begun_at);
  });
}

// Only what had ended when the flush began: of the rest nothing was promised.
void CrashStore::end_flush(uint64_t begun_at) {
  std::erase_if(log_, [&](const Write& write) {
    if (write.ended_at >= begun_at) return false;
    std::copy(write.data.begin(), write.data.end(),
              durable_.begin() + static_cast<ptrdiff_t>(write.offset));
    return true;
  });
}

std::vector<std::byte> CrashStore::crash(uint64_t seed) const {
  Random random(seed);
  // Both ends, nothing lost and all lost, are among the likely ones.
  const uint64_t kept_of_four = random.below(5);
  std::vector<size_t> order(log_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  for (size_t i = order.size(); i > 1; i--) std::swap(order[i - 1], order[random.below(i)]);
  std::vector<std::byte> image = durable_;
  for (const size_t index : order) {
    const Write& write = log_[index];
    const bool torn = random.below(2) == 0;
    bool kept = random.below(4) < kept_of_four;
    for (uint64_t at = 0; at < write.data.size();) {
      const uint64_t offset = write.offset + at;
      const uint64_t piece = std::min<uint64_t>(
          write.data.size() - at, options.tear_byte_length - offset % options.tear_byte_length);
      if (kept) memcpy(image.data() + offset, write.data.data() + at, piece);
      at += piece;
      if (torn) kept = random.below(4) < kept_of_four;
    }
  }
  return image;
}

}  // namespace nvm::emulator

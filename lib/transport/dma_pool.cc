// SPDX-License-Identifier: MIT
#include "transport/dma_pool.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace nvm {
namespace {

constexpr size_t kPageBytes = 4096;
constexpr size_t kHugePageBytes = 2u << 20;
// Each region is twice as large as the one before, so that sixteen suffice for any program. Pages
// that nobody has used take no memory.
constexpr size_t kFirstRegionBytes = 16u << 20;
constexpr size_t kDoublingsMax = 16;

size_t round_up(size_t byte_length, size_t unit) {
  return (byte_length + unit - 1) / unit * unit;
}

}  // namespace

struct DmaPool::Region {
  std::shared_ptr<Buffer> memory;
  uint64_t first;    // I/O address
  std::mutex mutex;  // guards what follows
  IoAddressSpace free;
  bool holding;
  std::vector<IoRange> held;

  Region(std::shared_ptr<Buffer> whole, uint64_t io_address, bool holds)
      : memory(std::move(whole)),
        first(io_address),
        free({IoRange{io_address, memory->byte_length()}}),
        holding(holds) {}

  // Gives the pages back to the system, so that whoever has them next finds zeroes.
  void release(uint64_t io_address, size_t byte_length) {
    {
      std::lock_guard lock(mutex);
      if (holding) return held.push_back({io_address, byte_length});
    }
    const auto offset = static_cast<off_t>(memory->fd_offset() + (io_address - first));
    if (fallocate(memory->fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
                  static_cast<off_t>(byte_length)) != 0) {
      std::memset(memory->bytes() + (io_address - first), 0, byte_length);
    }
    std::lock_guard lock(mutex);
    free.free(io_address);
  }

  void hold() {
    std::lock_guard lock(mutex);
    holding = true;
  }

  void resume() {
    std::vector<IoRange> came_back;
    {
      std::lock_guard lock(mutex);
      holding = false;
      came_back.swap(held);
    }
    for (const IoRange& range : came_back) release(range.first, range.byte_length);
  }
};

Result<std::shared_ptr<Buffer>> DmaPool::take_part(const std::shared_ptr<Region>& region,
                                                   size_t byte_length) {
  const size_t alignment = byte_length >= kHugePageBytes ? kHugePageBytes : kPageBytes;
  std::lock_guard lock(region->mutex);
  Result<uint64_t> first = region->free.allocate(byte_length, alignment);
  if (!first.ok()) return std::move(first.status());
  const uint64_t io_address = first.value();
  return Buffer::part(
      region->memory, io_address - region->first, byte_length,
      [region, io_address, byte_length] { region->release(io_address, byte_length); });
}

Result<std::shared_ptr<Buffer>> DmaPool::take_free(size_t byte_length) {
  std::lock_guard lock(mutex_);
  for (const auto& region : regions_) {
    auto part = take_part(region, byte_length);
    if (part.ok()) return part;
  }
  return Status(ErrorCode::Memory, std::to_string(byte_length) + " bytes");
}

// Nobody else sees the region before the part is taken.
Result<std::shared_ptr<Buffer>> DmaPool::take_of_new(size_t region_bytes, size_t byte_length) {
  Result<std::shared_ptr<Buffer>> memory = Buffer::allocate(region_bytes);
  if (!memory.ok()) return std::move(memory.status());
  Result<uint64_t> first = map_region_(*memory.value());
  if (!first.ok()) return std::move(first.status());
  std::lock_guard lock(mutex_);
  regions_.push_back(std::make_shared<Region>(std::move(memory.value()), first.value(), holding_));
  return take_part(regions_.back(), byte_length);
}

Result<std::shared_ptr<Buffer>> DmaPool::allocate(size_t byte_length) {
  if (byte_length == 0) return Status(ErrorCode::Range, "a buffer has at least one byte");
  if (byte_length > static_cast<size_t>(INT64_MAX) - kHugePageBytes) {
    return Status(ErrorCode::Memory, std::to_string(byte_length) + " bytes");
  }
  byte_length = round_up(byte_length, kPageBytes);
  auto part = take_free(byte_length);
  if (part.ok()) return part;
  std::lock_guard growth(growth_mutex_);
  part = take_free(byte_length);  // of a region that was added meanwhile
  if (part.ok()) return part;
  const size_t usual = kFirstRegionBytes << std::min(regions_.size(), kDoublingsMax);
  const size_t needed = round_up(byte_length, kHugePageBytes);
  part = take_of_new(std::max(usual, needed), byte_length);
  // As much as is wanted now may be allowed where more is not.
  if (!part.ok() && part.status().failure().code == ErrorCode::Range && needed < usual) {
    part = take_of_new(needed, byte_length);
  }
  return part;
}

std::optional<uint64_t> DmaPool::find(const Buffer& buffer) {
  std::lock_guard lock(mutex_);
  for (const auto& region : regions_) {
    const std::byte* first = region->memory->bytes();
    if (buffer.bytes() < first) continue;
    const auto offset = static_cast<size_t>(buffer.bytes() - first);
    if (offset < region->memory->byte_length()) return region->first + offset;
  }
  return {};
}

void DmaPool::hold() {
  std::lock_guard lock(mutex_);
  holding_ = true;
  for (const auto& region : regions_) region->hold();
}

void DmaPool::resume() {
  std::lock_guard lock(mutex_);
  holding_ = false;
  for (const auto& region : regions_) region->resume();
}

}  // namespace nvm

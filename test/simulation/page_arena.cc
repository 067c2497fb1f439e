// SPDX-License-Identifier: MIT
#include "page_arena.h"

#include <algorithm>
#include <cstring>

namespace nvm::simulation {
namespace {

bool holds(const std::byte* bytes, size_t byte_length, std::byte value) {
  if (byte_length == 0) return true;
  return bytes[0] == value && memcmp(bytes, bytes + 1, byte_length - 1) == 0;
}

// Calls `visit(page, offset in it, offset in the data, length)` for each stretch.
template <class Visit>
void for_each_stretch(const std::vector<uint32_t>& pages, size_t offset, size_t byte_length,
                      Visit visit) {
  size_t done = 0;
  for (const uint32_t page : pages) {
    const size_t length = std::min(byte_length - done, kPageBytes - offset);
    visit(page, offset, done, length);
    done += length;
    offset = 0;
  }
}

}  // namespace

PageArena::PageArena(std::shared_ptr<DmaDescriptor> memory, Random& random)
    : memory_(std::move(memory)), random_(random) {}

std::vector<uint32_t> PageArena::take(size_t count) {
  const size_t page_count = memory_->byte_length() / kPageBytes;
  while (free_.size() < count + 8 && used_ < page_count) {
    memset(page(used_), static_cast<int>(kPoison), kPageBytes);
    free_.push_back(used_++);
  }
  std::vector<uint32_t> pages;
  if (free_.size() < count) return pages;
  for (size_t i = 0; i < count; i++) {
    std::swap(random_.pick(free_), free_.back());
    pages.push_back(free_.back());
    free_.pop_back();
  }
  return pages;
}

void PageArena::give(const std::vector<uint32_t>& pages) {
  for (const uint32_t index : pages) {
    memset(page(index), static_cast<int>(kPoison), kPageBytes);
    free_.push_back(index);
  }
}

void PageArena::write(const std::vector<uint32_t>& pages, size_t offset, const std::byte* from,
                      size_t byte_length) {
  for_each_stretch(pages, offset, byte_length,
                   [&](uint32_t index, size_t at, size_t done, size_t length) {
                     memcpy(page(index) + at, from + done, length);
                   });
}

void PageArena::read(const std::vector<uint32_t>& pages, size_t offset, std::byte* to,
                     size_t byte_length) {
  for_each_stretch(pages, offset, byte_length,
                   [&](uint32_t index, size_t at, size_t done, size_t length) {
                     memcpy(to + done, page(index) + at, length);
                   });
}

bool PageArena::margins_intact(const std::vector<uint32_t>& pages, size_t offset,
                               size_t byte_length) {
  bool intact = true;
  for_each_stretch(pages, offset, byte_length,
                   [&](uint32_t index, size_t at, size_t, size_t length) {
                     const std::byte* bytes = page(index);
                     intact &= holds(bytes, at, kPoison) &&
                               holds(bytes + at + length, kPageBytes - at - length, kPoison);
                   });
  return intact;
}

bool PageArena::free_pages_intact() {
  return std::all_of(free_.begin(), free_.end(),
                     [this](uint32_t index) { return holds(page(index), kPageBytes, kPoison); });
}

}  // namespace nvm::simulation

// SPDX-License-Identifier: MIT
#include "emulator/models/page_map.h"

#include <cstddef>

namespace nvm::emulator {

PageMap::PageMap(uint32_t page_count, uint32_t pages_per_line, uint32_t line_count)
    : pages_per_line_(pages_per_line),
      physical_(page_count, kNone),
      logical_(size_t{pages_per_line} * line_count, kNone),
      lines_(line_count) {
  for (uint32_t line = 0; line < line_count; line++) free_lines_.push_back(line);
}

uint32_t PageMap::place(Pointer& pointer, uint32_t page) {
  const uint32_t physical = skip(pointer);
  unmap(page);
  physical_[page] = physical;
  logical_[physical] = page;
  lines_[pointer.line].valid++;
  return physical;
}

uint32_t PageMap::skip(Pointer& pointer) {
  if (pointer.line == kNone || pointer.used == pages_per_line_) {
    pointer = {free_lines_.front(), 0};
    free_lines_.pop_front();
  }
  const uint32_t physical = pointer.line * pages_per_line_ + pointer.used++;
  lines_[pointer.line].full = pointer.used == pages_per_line_;
  return physical;
}

void PageMap::unmap(uint32_t page) {
  const uint32_t physical = physical_[page];
  if (physical == kNone) return;
  physical_[page] = kNone;
  logical_[physical] = kNone;
  lines_[physical / pages_per_line_].valid--;
}

uint32_t PageMap::find_victim() const {
  uint32_t victim = kNone;
  for (uint32_t line = 0; line < lines_.size(); line++) {
    if (!lines_[line].full) continue;
    if (victim == kNone || lines_[line].valid < lines_[victim].valid) victim = line;
  }
  return victim;
}

void PageMap::free_line(uint32_t line) {
  lines_[line].full = false;
  free_lines_.push_back(line);
}

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// Where a flash drive keeps each of its pages: a map of logical to physical pages and its reverse,
// and the lines in which pages are written and erased. A line is the same block of every LUN.
// Knows no time: page_mapped_ftl.h says when things happen.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

namespace nvm::emulator {

// Physical pages count through the lines: in the order in which they are written.
class PageMap {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // Lines beyond those that the logical pages fill, without which collecting might gain nothing:
  // two open ones, two in reserve, one to collect.
  static constexpr uint32_t kSpareLinesMin = 5;

  PageMap(uint32_t page_count, uint32_t pages_per_line, uint32_t line_count);

  // A line that is being filled, one page after the other.
  struct Pointer {
    uint32_t line = kNone;
    uint32_t used = 0;
  };

  // The physical page, or kNone.
  uint32_t find(uint32_t page) const { return physical_[page]; }
  bool is_valid(uint32_t physical) const { return logical_[physical] != kNone; }
  // The logical page that is there, or kNone.
  uint32_t logical(uint32_t physical) const { return logical_[physical]; }
  // `page` is now in the next physical page, which is the answer. There must be a line left.
  uint32_t place(Pointer& pointer, uint32_t page);
  // The next physical page stays empty.
  uint32_t skip(Pointer& pointer);
  void unmap(uint32_t page);

  uint32_t free_line_count() const { return static_cast<uint32_t>(free_lines_.size()); }
  uint32_t pages_per_line() const { return pages_per_line_; }
  // The full line with the fewest valid pages; kNone: there is no full line.
  uint32_t find_victim() const;
  uint32_t valid_count(uint32_t line) const { return lines_[line].valid; }
  // It has been erased; nothing in it is valid any more.
  void free_line(uint32_t line);

 private:
  struct Line {
    uint32_t valid = 0;
    bool full = false;
  };

  uint32_t pages_per_line_;
  std::vector<uint32_t> physical_;  // by logical page
  std::vector<uint32_t> logical_;   // by physical page
  std::vector<Line> lines_;
  std::deque<uint32_t> free_lines_;
};

}  // namespace nvm::emulator

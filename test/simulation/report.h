// SPDX-License-Identifier: MIT
// What a seed did, and why it failed. The first failure counts: what follows it is its consequence.
#pragma once

#include <array>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <string>

namespace nvm::simulation {

class Report {
 public:
  explicit Report(bool verbose) : verbose_(verbose) {}

  // One line; the last kLinesMax are kept for the case of a failure.
  [[gnu::format(printf, 2, 3)]] void trace(const char* format, ...) {
    Line& line = lines_[line_count_++ % kLinesMax];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line.data(), line.size(), format, arguments);
    va_end(arguments);
    for (const char* at = line.data(); *at != 0; at++) hash_ = (hash_ ^ *at) * 0x100000001b3;
    if (verbose_) printf("%s\n", line.data());
  }

  [[gnu::format(printf, 2, 3)]] void fail(const char* format, ...) {
    if (failed()) return;
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    failure_ = text;
    trace("FAILED: %s", text);
  }

  bool failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }
  // Of all lines so far.
  uint64_t hash() const { return hash_; }

  void print_lines(FILE* to) const {
    const uint64_t first = line_count_ > kLinesMax ? line_count_ - kLinesMax : 0;
    for (uint64_t i = first; i < line_count_; i++) {
      fprintf(to, "  %s\n", lines_[i % kLinesMax].data());
    }
  }

 private:
  static constexpr size_t kLinesMax = 40;
  using Line = std::array<char, 160>;

  const bool verbose_;
  std::array<Line, kLinesMax> lines_{};
  uint64_t line_count_ = 0;
  uint64_t hash_ = 0;
  std::string failure_;
};

}  // namespace nvm::simulation

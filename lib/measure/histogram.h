// SPDX-License-Identifier: MIT
// src/histogram.ts in C++, on the same array of numbers, so that both count into one histogram and
// either shows what the other has counted. The owner of the array sees that one thread writes.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace nvm {

class Histogram {
 public:
  static constexpr unsigned kStepsLog2 = 11;
  static constexpr unsigned kValueBits = 42;
  static constexpr uint64_t kValueMax = (1ull << kValueBits) - 1;
  static constexpr size_t kHalfSteps = 1u << (kStepsLog2 - 1);
  static constexpr size_t kHeaderWords = 8;
  // Numbers of the array.
  static constexpr size_t kWords = kHeaderWords + (kValueBits - kStepsLog2 + 2) * kHalfSteps;

  explicit Histogram(double* words) : words_(words) {}

  // Counts a time; those beyond the range count as its end.
  void record(uint64_t time_ns) {
    const uint64_t value = time_ns < kValueMax ? time_ns : kValueMax;
    words_[kHeaderWords + index_of(value)] += 1;
    const double number = static_cast<double>(value);
    if (number > words_[kMax]) words_[kMax] = number;
    if (number < words_[kMin] || words_[kCount] == 0) words_[kMin] = number;
    words_[kCount] += 1;
    words_[kSum] += number;
    words_[kSumOfSquares] += number * number;
  }

  // Which step a value at most kValueMax belongs to.
  static size_t index_of(uint64_t value) {
    const unsigned width = static_cast<unsigned>(std::bit_width(value));
    const unsigned shift = width > kStepsLog2 ? width - kStepsLog2 : 0;
    return shift * kHalfSteps + static_cast<size_t>(value >> shift);
  }

 private:
  static constexpr size_t kCount = 0;
  static constexpr size_t kMin = 1;
  static constexpr size_t kMax = 2;
  static constexpr size_t kSum = 3;
  static constexpr size_t kSumOfSquares = 4;

  double* words_;
};

}  // namespace nvm

// SPDX-License-Identifier: MIT
// The histogram and the draws are those of TypeScript: test/unit/histogram.test.ts and
// test/unit/latency/source.test.ts have the same numbers.
#include "measure/histogram.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "measure/command_source.h"

namespace nvm::test {
namespace {

uint32_t hashed(uint32_t hash, double value) {
  return hash * 31 + static_cast<uint32_t>(std::fmod(value, 4294967296.0));
}

}  // namespace

TEST_CASE("the numbers of a seed are those of TypeScript") {
  SeededStream stream(1, 0);
  for (const uint32_t expected : {2466671647u, 704075991u, 1425070668u, 2363080060u}) {
    CHECK(stream.next() == expected);
  }
}

TEST_CASE("the commands of a seed are those of TypeScript") {
  SourceOptions options;
  options.offset = 7;
  options.block_count = 1'000'000'000;
  options.random = true;
  options.sizes = {{1, 1ull << 31}, {8, 3ull << 30}, {128, 1ull << 32}};
  options.writes_below = 1ull << 30;
  options.seed = 99;
  options.stream = 3;
  CommandSource source(options);
  uint32_t hash = 0;
  for (int i = 0; i < 1000; i++) {
    source.next();
    hash = hashed(hash, static_cast<double>(source.lba));
    hash = hashed(hash, static_cast<double>(source.block_count));
    hash = hashed(hash, source.is_write ? 1 : 0);
  }
  CHECK(hash == 2095984996u);
}

TEST_CASE("commands in order end with a short one, and begin again") {
  SourceOptions options;
  options.offset = 1000;
  options.block_count = 20;
  options.sizes = {{8, 1ull << 32}};
  CommandSource source(options);
  const uint64_t expected[][2] = {{1000, 8}, {1008, 8}, {1016, 4}, {1000, 8}};
  for (const auto& [lba, block_count] : expected) {
    source.next();
    CHECK(source.lba == lba);
    CHECK(source.block_count == block_count);
    CHECK_FALSE(source.is_write);
  }
}

TEST_CASE("sizes come in turn") {
  SourceOptions options;
  options.block_count = 100;
  options.in_turn = true;
  options.sizes = {{1, 1ull << 31}, {2, 1ull << 32}};
  options.writes_below = 1ull << 32;
  CommandSource source(options);
  for (const uint64_t expected : {1, 2, 1, 2}) {
    source.next();
    CHECK(source.block_count == expected);
    CHECK(source.is_write);
  }
}

TEST_CASE("the array of numbers of a histogram is that of TypeScript") {
  std::vector<double> words(Histogram::kWords);
  Histogram histogram(words.data());
  SeededStream stream(42, 0);
  for (int i = 0; i < 10'000; i++) {
    const uint32_t drawn = stream.next();
    histogram.record(static_cast<uint64_t>(drawn >> (drawn % 29)) << (drawn % 10));
  }
  uint32_t hash = 0;
  for (size_t i = 0; i < words.size(); i++) {
    if (words[i] == 0) continue;
    hash = hashed(hash, static_cast<double>(i));
    hash = hashed(hash, words[i]);
  }
  CHECK(hash == 1253533619u);
}

TEST_CASE("what is beyond the range of a histogram counts as its end") {
  std::vector<double> words(Histogram::kWords);
  Histogram histogram(words.data());
  histogram.record(UINT64_MAX);
  CHECK(words[2] == static_cast<double>(Histogram::kValueMax));
  CHECK(words.back() == 1);
}

}  // namespace nvm::test

// SPDX-License-Identifier: MIT
// Which command comes next on a queue: benchmarks/latency/commands/source.ts and random.ts in C++.
// A seed gives both the same commands, so every draw, and its order, is the same.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace nvm {

// xoshiro128**, whose state splitmix32 spreads from the seed and the number of the stream.
class SeededStream {
 public:
  SeededStream(uint32_t seed, uint32_t stream) {
    uint32_t state = seed ^ ((stream + 1) * 0x9e3779b9u);
    for (uint32_t& word : words_) {
      state += 0x9e3779b9u;
      uint32_t z = state ^ (state >> 16);
      z *= 0x85ebca6bu;
      z ^= z >> 13;
      z *= 0xc2b2ae35u;
      word = z ^ (z >> 16);
    }
  }

  uint32_t next() {
    const uint32_t result = std::rotl(words_[1] * 5, 7) * 9;
    const uint32_t shifted = words_[1] << 9;
    words_[2] ^= words_[0];
    words_[3] ^= words_[1];
    words_[1] ^= words_[2];
    words_[0] ^= words_[3];
    words_[2] ^= shifted;
    words_[3] = std::rotl(words_[3], 11);
    return result;
  }

  // A whole number from 0 up to, but not with, `end` (at most 2^53); two draws. In doubles, as
  // JavaScript reckons.
  uint64_t below(double end) {
    const uint64_t high = next() >> 5;
    const uint64_t low = next() >> 6;
    const double fraction = static_cast<double>((high << 26) + low) / 9007199254740992.0;
    return static_cast<uint64_t>(std::floor(fraction * end));
  }

 private:
  uint32_t words_[4];
};

struct CommandSize {
  uint64_t block_count;
  uint64_t below;  // end of its share of 2^32 draws, in ascending order
};

struct SourceOptions {
  uint64_t offset = 0;  // first block of the range that all commands stay in
  uint64_t block_count = 0;
  bool random = false;
  bool in_turn = false;       // sizes come in turn, instead of being drawn
  uint64_t writes_below = 0;  // draws below this one, of 2^32, write
  uint32_t seed = 0;
  uint32_t stream = 0;
  std::vector<CommandSize> sizes;  // not empty
};

class CommandSource {
 public:
  uint64_t lba = 0;
  uint64_t block_count = 0;
  bool is_write = false;

  explicit CommandSource(SourceOptions options)
      : is_write(options.writes_below == kDrawEnd),
        options_(std::move(options)),
        stream_(options_.seed, options_.stream),
        mixes_(options_.writes_below > 0 && options_.writes_below < kDrawEnd) {}

  // Chooses a command: it is in the members.
  void next() {
    const uint64_t wanted = next_size();
    if (mixes_) is_write = stream_.next() < options_.writes_below;
    if (options_.random) {
      const uint64_t places = options_.block_count / wanted;
      lba = options_.offset + stream_.below(static_cast<double>(places)) * wanted;
      block_count = wanted;
      return;
    }
    const uint64_t left = options_.block_count - position_;
    block_count = wanted < left ? wanted : left;
    lba = options_.offset + position_;
    position_ = wanted < left ? position_ + wanted : 0;
  }

 private:
  static constexpr uint64_t kDrawEnd = 1ull << 32;

  uint64_t next_size() {
    const std::vector<CommandSize>& sizes = options_.sizes;
    if (sizes.size() == 1) return sizes[0].block_count;
    size_t at = 0;
    if (options_.in_turn) {
      at = turn_;
      turn_ = at + 1 == sizes.size() ? 0 : at + 1;
    } else {
      const uint64_t drawn = stream_.next();
      while (drawn >= sizes[at].below) at++;
    }
    return sizes[at].block_count;
  }

  const SourceOptions options_;
  SeededStream stream_;
  const bool mixes_;
  uint64_t position_ = 0;
  size_t turn_ = 0;
};

}  // namespace nvm

// SPDX-License-Identifier: MIT
#include "block.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace nvm::stress {

namespace {

constexpr size_t kWords = kBlockBytes / sizeof(uint32_t);
constexpr size_t kCrcWord = kWords - 1;
constexpr uint32_t kPolynomial = 0xedb88320;  // of zlib's CRC-32

using Tables = std::array<std::array<uint32_t, 256>, 4>;

constexpr Tables make_tables() {
  Tables tables{};
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; bit++) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
    tables[0][i] = value;
  }
  for (size_t table = 1; table < tables.size(); table++) {
    for (size_t i = 0; i < 256; i++) {
      const uint32_t before = tables[table - 1][i];
      tables[table][i] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

// What a word is beside the version.
uint32_t pattern(uint32_t lba, uint32_t index) {
  return (lba + index) * 0x9e3779b1;
}

uint32_t crc_of(const uint32_t* words, size_t count) {
  uint32_t crc = ~0u;
  for (size_t i = 0; i < count; i++) {
    crc ^= words[i];
    crc = kTables[3][crc & 0xff] ^ kTables[2][(crc >> 8) & 0xff] ^ kTables[1][(crc >> 16) & 0xff] ^
          kTables[0][crc >> 24];
  }
  return ~crc;
}

}  // namespace

void fill_block(std::byte* block, uint32_t lba, uint32_t version) {
  uint32_t words[kWords];
  words[0] = lba;
  words[1] = version;
  for (uint32_t i = 2; i < kCrcWord; i++) words[i] = pattern(lba, i) ^ version;
  words[kCrcWord] = crc_of(words, kCrcWord);
  std::memcpy(block, words, sizeof words);
}

std::optional<uint32_t> version_of(const std::byte* block, uint32_t lba) {
  uint32_t words[kWords];
  std::memcpy(words, block, sizeof words);
  if (words[1] == 0) {
    const bool blank = std::all_of(words, words + kWords, [](uint32_t word) { return word == 0; });
    return blank ? std::optional<uint32_t>(0) : std::nullopt;
  }
  if (words[0] != lba || words[kCrcWord] != crc_of(words, kCrcWord)) return {};
  return words[1];
}

bool is_mixed(const std::byte* block, uint32_t lba, uint32_t from, uint32_t to) {
  uint32_t words[kWords];
  std::memcpy(words, block, sizeof words);
  const auto is_legal = [&](uint32_t version) { return version - from <= to - from; };
  const auto is_blank = [&](uint32_t word) { return from == 0 && word == 0; };
  if (words[0] != lba && !is_blank(words[0])) return false;
  if (!is_legal(words[1])) return false;
  for (uint32_t i = 2; i < kCrcWord; i++) {
    if (!is_legal(words[i] ^ pattern(lba, i)) && !is_blank(words[i])) return false;
  }
  return true;
}

}  // namespace nvm::stress

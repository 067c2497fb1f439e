// SPDX-License-Identifier: MIT
// What a host may find on a disk after a power failure: for every block the versions that are
// legal, from what the host knows, which is when its commands began and how they ended.
//
// A loop over crashes reports each command to the map, and at any moment does
//
//   CrashStore after(store.crash(seed));      // the machine comes up again on what is left
//   CHECK(map.find_illegal(after.crash(0)) == std::nullopt);
#pragma once

#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "emulator/archive.h"

namespace nvm::emulator {

// A block says which one it is and which write made it. Version 0 is a block of zeroes: never
// written, or deallocated.
inline void stamp_block(std::span<std::byte> block, uint64_t lba, uint64_t version) {
  for (size_t at = 0; at < block.size(); at += 8) {
    const uint64_t word = version == 0 ? 0 : (lba << 32 ^ version) * 0x9e3779b97f4a7c15 + at;
    memcpy(block.data() + at, &word, 8);
  }
  if (version == 0) return;
  memcpy(block.data(), &lba, 8);
  memcpy(block.data() + 8, &version, 8);
  const uint32_t crc = crc32c(block.first(block.size() - 4));
  memcpy(block.data() + block.size() - 4, &crc, 4);
}

// Nothing for a block that is torn, damaged or another one's.
inline std::optional<uint64_t> version_of(std::span<const std::byte> block, uint64_t lba) {
  if (block[0] == std::byte{0} && memcmp(block.data(), block.data() + 1, block.size() - 1) == 0) {
    return 0;
  }
  uint64_t words[2];
  uint32_t crc;
  memcpy(words, block.data(), 16);
  memcpy(&crc, block.data() + block.size() - 4, 4);
  if (words[0] != lba || crc != crc32c(block.first(block.size() - 4))) return {};
  return words[1];
}

class ShadowMap {
 public:
  using Token = uint64_t;

  ShadowMap(uint64_t block_count, size_t lba_byte_length)
      : blocks_(block_count, {Change{}}), lba_byte_length_(lba_byte_length) {}

  // From now on `version` may be found in these blocks; 0 for a deallocation.
  Token begin_write(uint64_t lba, uint64_t block_count, uint64_t version) {
    const Token token = ++now_;
    for (uint64_t i = 0; i < block_count; i++) blocks_[lba + i].push_back({version, token});
    return token;
  }
  // It completed successfully; `forced` when with Force Unit Access. A write that failed or never
  // completed is not reported: its version may or may not be there.
  void end_write(Token token, bool forced = false) {
    const uint64_t ended_at = ++now_;
    change_all([&](Change& change) {
      if (change.begun_at != token) return;
      change.ended_at = ended_at;
      change.durable = forced;
    });
  }
  Token begin_flush() { return ++now_; }
  // It completed successfully: all that had ended when it began is durable.
  void end_flush(Token token) {
    change_all([&](Change& change) { change.durable |= change.ended_at < token; });
  }

  // A version is legal unless a durable write began after its own had ended.
  bool is_legal(uint64_t lba, uint64_t version) const {
    for (const Change& change : blocks_[lba]) {
      if (change.version == version && !is_replaced(blocks_[lba], change)) return true;
    }
    return false;
  }

  struct Illegal {
    uint64_t lba;
    std::optional<uint64_t> version;  // nothing: torn
    bool operator==(const Illegal&) const = default;
  };
  // The first block of a disk's image that must not look like this.
  std::optional<Illegal> find_illegal(std::span<const std::byte> image) const {
    for (uint64_t lba = 0; lba < blocks_.size(); lba++) {
      const auto version = version_of(image.subspan(lba * lba_byte_length_, lba_byte_length_), lba);
      if (!version || !is_legal(lba, *version)) return Illegal{lba, version};
    }
    return {};
  }
  // The machine came up with `image`, which is legal: from now on it is what is there.
  void restart(std::span<const std::byte> image) {
    for (uint64_t lba = 0; lba < blocks_.size(); lba++) {
      const auto block = image.subspan(lba * lba_byte_length_, lba_byte_length_);
      blocks_[lba] = {Change{version_of(block, lba).value_or(0)}};
    }
  }

 private:
  struct Change {
    uint64_t version = 0;
    uint64_t begun_at = 0;
    uint64_t ended_at = begun_at == 0 ? 0 : UINT64_MAX;
    bool durable = begun_at == 0;
  };

  template <class Function>
  void change_all(Function function) {
    for (auto& changes : blocks_) {
      for (Change& change : changes) function(change);
      const auto before = changes;
      std::erase_if(changes, [&](const Change& change) { return is_replaced(before, change); });
    }
  }
  static bool is_replaced(const std::vector<Change>& changes, const Change& old) {
    for (const Change& change : changes) {
      if (change.durable && old.ended_at < change.begun_at) return true;
    }
    return false;
  }

  std::vector<std::vector<Change>> blocks_;
  size_t lba_byte_length_;
  uint64_t now_ = 0;
};

}  // namespace nvm::emulator

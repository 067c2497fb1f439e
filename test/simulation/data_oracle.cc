// SPDX-License-Identifier: MIT
#include "data_oracle.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "random.h"

namespace nvm::simulation {
namespace {

struct Header {
  uint64_t lba;
  uint64_t version;
  uint64_t crc;
};

uint64_t crc_of(Content content) {
  return mix(content.lba * 0x100000001b3 ^ mix(content.version));
}

bool all_zero(const std::byte* bytes, size_t byte_length) {
  return bytes[0] == std::byte{0} && memcmp(bytes, bytes + 1, byte_length - 1) == 0;
}

}  // namespace

DataOracle::DataOracle(uint32_t block_byte_length, uint64_t block_count, bool loses)
    : block_byte_length_(block_byte_length),
      loses_(loses),
      blocks_(block_count),
      expected_(block_byte_length) {
  for (Block& block : blocks_) {
    block.push_back({kZeroes, 0, 0, 0});
    block.back().done = block.back().durable = true;
  }
}

void DataOracle::fill(std::byte* block, Content content) const {
  if (content == kZeroes) {
    memset(block, 0, block_byte_length_);
    return;
  }
  const Header header{content.lba, content.version, crc_of(content)};
  memcpy(block, &header, sizeof(header));
  uint64_t word = header.crc;
  for (size_t at = sizeof(header); at < block_byte_length_; at += sizeof(word)) {
    word = word * 6364136223846793005 + 1442695040888963407;
    memcpy(block + at, &word, sizeof(word));
  }
}

Content DataOracle::content_of(const std::byte* block) const {
  Header header;
  memcpy(&header, block, sizeof(header));
  if (header.version == 0 && all_zero(block, block_byte_length_)) return kZeroes;
  const Content content{header.lba, header.version};
  if (header.crc != crc_of(content)) return kUnreadable;
  fill(expected_.data(), content);
  return memcmp(expected_.data(), block, block_byte_length_) == 0 ? content : kUnreadable;
}

uint64_t DataOracle::begin_change() {
  now();
  return ++changes_;
}

void DataOracle::add(uint64_t lba, Content content, uint64_t change) {
  prune(blocks_[lba]);
  blocks_[lba].push_back({content, change, moment_});
}

uint64_t DataOracle::begin_write(uint64_t lba, uint64_t count) {
  const uint64_t change = begin_change();
  for (uint64_t i = 0; i < count; i++) add(lba + i, {lba + i, change}, change);
  return change;
}

uint64_t DataOracle::begin_fill(uint64_t lba, uint64_t count, Content content) {
  const uint64_t change = begin_change();
  for (uint64_t i = 0; i < count; i++) add(lba + i, content, change);
  return change;
}

// Every content that the source may have may arrive. Nobody changes the source meanwhile.
uint64_t DataOracle::begin_copy(uint64_t from, uint64_t count, uint64_t to) {
  const uint64_t change = begin_change();
  for (uint64_t i = 0; i < count; i++) {
    const Block source = blocks_[from + i];
    for (const Entry& entry : source) {
      if (entry.superseded == kNever) add(to + i, entry.content, change);
    }
  }
  return change;
}

void DataOracle::end(uint64_t change, uint64_t lba, uint64_t count, Outcome outcome, bool durable) {
  const uint64_t moment = now();
  for (uint64_t i = 0; i < count; i++) {
    Block& block = blocks_[lba + i];
    if (outcome == Outcome::Refused) {
      std::erase_if(block, [=](const Entry& entry) { return entry.change == change; });
      continue;
    }
    for (Entry& entry : block) {
      if (entry.change != change || entry.ended != kNever) continue;
      entry.ended = moment;
      if (outcome == Outcome::Unknown) continue;
      entry.done = true;
      for (Entry& older : block) {
        if (older.ended < entry.began) older.superseded = std::min(older.superseded, moment);
      }
      if (durable || !loses_) make_durable(block, entry);
    }
  }
}

void DataOracle::make_durable(Block& block, Entry& entry) {
  entry.durable = true;
  for (Entry& older : block) {
    if (older.ended < entry.began) older.durably_superseded = true;
  }
}

// Forgets what no read, and no crash, can show any more.
void DataOracle::prune(Block& block) {
  uint64_t oldest = kNever;
  for (const uint64_t began : reads_) oldest = std::min(oldest, began);
  std::erase_if(block, [=](const Entry& entry) {
    return entry.durably_superseded && entry.superseded <= oldest && entry.superseded != kNever;
  });
}

void DataOracle::begin_read(uint64_t began) {
  reads_.push_back(began);
}

void DataOracle::end_read(uint64_t began) {
  reads_.erase(std::find(reads_.begin(), reads_.end(), began));
}

// Of the legal contents the one that differs from `bytes` in one byte.
Content DataOracle::nearly(const Block& block, const std::byte* bytes, uint64_t began) const {
  for (const Entry& entry : block) {
    if (entry.superseded <= began || entry.content == kUnreadable) continue;
    fill(expected_.data(), entry.content);
    size_t differences = 0;
    for (size_t i = 0; i < block_byte_length_; i++) differences += bytes[i] != expected_[i];
    if (differences == 1) return entry.content;
  }
  return kUnreadable;
}

std::string DataOracle::check(uint64_t lba, uint64_t count, const std::byte* bytes, uint64_t began,
                              uint64_t& flips) {
  const uint64_t moment = now();
  for (uint64_t i = 0; i < count; i++) {
    Block& block = blocks_[lba + i];
    Content found = content_of(bytes + i * block_byte_length_);
    if (found == kUnreadable && flips > 0) {
      found = nearly(block, bytes + i * block_byte_length_, began);
      if (found != kUnreadable) flips--;
    }
    bool legal = false;
    for (const Entry& entry : block) {
      legal |= entry.content == found && entry.superseded > began && found != kUnreadable;
    }
    if (!legal) return describe(block, found, lba + i, began);
    // What was over before this read began came before what it saw, and is not seen again.
    for (Entry& entry : block) {
      if (entry.content != found && entry.ended < began) {
        entry.superseded = std::min(entry.superseded, moment);
      }
    }
  }
  return {};
}

std::string DataOracle::describe(const Block& block, Content found, uint64_t lba,
                                 uint64_t began) const {
  const auto name = [](Content content) {
    if (content == kZeroes) return std::string("zeroes");
    if (content == kUnreadable) return std::string("unreadable or torn");
    return "version " + std::to_string(content.version) + " of lba " + std::to_string(content.lba);
  };
  std::string text = "lba " + std::to_string(lba) + " holds " + name(found) + "; legal:";
  for (const Entry& entry : block) {
    if (entry.superseded > began) text += " [" + name(entry.content) + "]";
  }
  return text;
}

bool DataOracle::may_be_unreadable(uint64_t lba, uint64_t count, uint64_t began) const {
  for (uint64_t i = 0; i < count; i++) {
    for (const Entry& entry : blocks_[lba + i]) {
      if (entry.content == kUnreadable && entry.superseded > began) return true;
    }
  }
  return false;
}

bool DataOracle::must_be_unreadable(uint64_t lba, uint64_t count, uint64_t began) const {
  for (uint64_t i = 0; i < count; i++) {
    const Block& block = blocks_[lba + i];
    const bool all = std::all_of(block.begin(), block.end(), [=](const Entry& entry) {
      return entry.content == kUnreadable || entry.superseded <= began;
    });
    if (all) return true;
  }
  return false;
}

Content DataOracle::certain(uint64_t lba) const {
  const Entry* only = nullptr;
  for (const Entry& entry : blocks_[lba]) {
    if (entry.superseded != kNever) continue;
    if (only != nullptr && only->content != entry.content) return kUnreadable;
    only = &entry;
  }
  return only == nullptr ? kUnreadable : only->content;
}

void DataOracle::flushed(uint64_t began) {
  if (!loses_) return;
  for (Block& block : blocks_) {
    for (Entry& entry : block) {
      if (entry.done && !entry.durable && entry.ended < began) make_durable(block, entry);
    }
  }
}

void DataOracle::crashed() {
  const uint64_t moment = now();
  for (Block& block : blocks_) {
    std::erase_if(block, [](const Entry& entry) { return entry.durably_superseded; });
    for (Entry& entry : block) {
      entry.ended = std::min(entry.ended, moment);
      entry.superseded = kNever;
      entry.done = entry.durable;  // the others happened or not
    }
  }
}

}  // namespace nvm::simulation

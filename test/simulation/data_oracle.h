// SPDX-License-Identifier: MIT
// What a namespace may contain. Every block written carries {lba, version, crc} and a body that
// follows from them; a shadow map holds, per block, the versions that a read may see: of commands
// that overlap in time either may be last, a write without an outcome may have happened or not, and
// a crash may undo what was not flushed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace nvm::simulation {

constexpr uint64_t kNever = UINT64_MAX;

// What a block holds. A copied block keeps the lba that it was written to first.
struct Content {
  uint64_t lba = 0;
  uint64_t version = 0;

  bool operator==(const Content&) const = default;
};

constexpr Content kZeroes{0, 0};
constexpr Content kUnreadable{0, kNever};

enum class Outcome {
  Done,     // it happened
  Unknown,  // it failed on the way or was never answered: each block is old or new
  Refused,  // it was not executed
};

class DataOracle {
 public:
  // `loses`: the store is volatile until flushed.
  DataOracle(uint32_t block_byte_length, uint64_t block_count, bool loses);

  uint32_t block_byte_length() const { return block_byte_length_; }
  uint64_t block_count() const { return blocks_.size(); }

  // The moment now. Moments order what the host saw; they are not times.
  uint64_t now() { return ++moment_; }

  // A command that changes blocks is begun before it is submitted; `end` says what became of it.
  // The result names the change.
  uint64_t begin_write(uint64_t lba, uint64_t count);
  uint64_t begin_fill(uint64_t lba, uint64_t count, Content content);
  uint64_t begin_copy(uint64_t from, uint64_t count, uint64_t to);
  // `durable`: forced unit access, or no volatile cache.
  void end(uint64_t change, uint64_t lba, uint64_t count, Outcome outcome, bool durable);

  // A read is begun before it is submitted; both calls get the moment at which it began.
  void begin_read(uint64_t began);
  void end_read(uint64_t began);
  // Empty when `bytes` is what a read that began then may see; otherwise what is wrong. So many
  // blocks as `flips` says may differ in one byte; how many are left is there afterwards.
  std::string check(uint64_t lba, uint64_t count, const std::byte* bytes, uint64_t began,
                    uint64_t& flips);
  // True when reading these blocks may fail, or must.
  bool may_be_unreadable(uint64_t lba, uint64_t count, uint64_t began) const;
  bool must_be_unreadable(uint64_t lba, uint64_t count, uint64_t began) const;
  // The only content that the block can have, or kUnreadable when there are several.
  Content certain(uint64_t lba) const;

  // A Flush that was submitted at `began` has succeeded.
  void flushed(uint64_t began);
  // The medium lost what was not durable; every change under way is over.
  void crashed();

  // The bytes of one block with `content`.
  void fill(std::byte* block, Content content) const;

 private:
  struct Entry {
    Content content;
    uint64_t change;
    uint64_t began;
    uint64_t ended = kNever;
    uint64_t superseded = kNever;  // reads that begin after it do not see it
    bool done = false;
    bool durable = false;
    bool durably_superseded = false;  // not even a crash brings it back
  };
  using Block = std::vector<Entry>;

  uint64_t begin_change();
  void add(uint64_t lba, Content content, uint64_t change);
  void prune(Block& block);
  void make_durable(Block& block, Entry& entry);
  Content content_of(const std::byte* block) const;
  Content nearly(const Block& block, const std::byte* bytes, uint64_t began) const;
  std::string describe(const Block& block, Content found, uint64_t lba, uint64_t began) const;

  const uint32_t block_byte_length_;
  const bool loses_;
  std::vector<Block> blocks_;
  std::vector<uint64_t> reads_;  // moments at which reads under way began
  uint64_t moment_ = 0;
  uint64_t changes_ = 0;
  mutable std::vector<std::byte> expected_;
};

}  // namespace nvm::simulation

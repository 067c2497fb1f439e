// SPDX-License-Identifier: MIT
// Random commands, next to a model so simple that it is right: each block is its bytes, its
// metadata as the host sees it, and whether it can be read. Every format, and stores that are
// memory or are not.
#include <array>

#include "emulator/nvm/executor_host.h"
#include "emulator/nvm/protection.h"
#include "scale.h"

namespace nvm::emulator {
namespace {

using namespace spec::nvm_opcode;
constexpr uint64_t kBlocks = 48;
using Metadata = std::array<uint8_t, 8>;

struct ShadowBlock {
  Bytes data;
  Metadata metadata{};
  bool uncorrectable = false;
};

struct Random {
  uint64_t state;
  uint64_t next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
  }
  uint64_t below(uint64_t end) { return next() % end; }
  bool one_in(uint64_t n) { return below(n) == 0; }
};

Metadata make_metadata(const Bytes& data, uint16_t tag, uint32_t reference) {
  const uint16_t guard = crc16_t10dif(data);
  return {static_cast<uint8_t>(guard >> 8),      static_cast<uint8_t>(guard),
          static_cast<uint8_t>(tag >> 8),        static_cast<uint8_t>(tag),
          static_cast<uint8_t>(reference >> 24), static_cast<uint8_t>(reference >> 16),
          static_cast<uint8_t>(reference >> 8),  static_cast<uint8_t>(reference)};
}

class Pair {
 public:
  Pair(const NamespaceFormat& format, bool is_memory, uint64_t seed)
      : format_(format), random_{seed}, host_(format, kBlocks, is_memory), blocks_(kBlocks) {
    for (ShadowBlock& block : blocks_) {
      block = {Bytes(format.data_byte_length()), unwritten(), false};
    }
    host_.store->holds = !is_memory;
    if (host_.metadata_store != nullptr) host_.metadata_store->holds = !is_memory;
  }

  void run(int commands) {
    constexpr void (Pair::* kActions[])() = {&Pair::do_write,        &Pair::do_write,
                                             &Pair::do_read,         &Pair::do_read,
                                             &Pair::do_compare,      &Pair::do_verify,
                                             &Pair::do_write_zeroes, &Pair::do_deallocate,
                                             &Pair::do_copy,         &Pair::do_write_uncorrectable};
    for (int i = 0; i < commands; i++) {
      lba_ = random_.below(kBlocks + 1);
      count_ = 1 + random_.below(8);
      in_range_ = lba_ < kBlocks && count_ <= kBlocks - lba_;
      (this->*kActions[random_.below(std::size(kActions))])();
    }
  }

 private:
  bool protects() const { return format_.protection_type != 0; }
  bool has_metadata() const { return format_.metadata_byte_length() != 0; }
  Metadata unwritten() const {
    Metadata metadata{};
    if (protects()) metadata.fill(0xff);
    return metadata;
  }

  spec::SubmissionQueueEntry entry(uint8_t opcode, uint8_t bits) {
    auto sqe = ExecutorHost::entry(opcode, lba_, static_cast<uint32_t>(count_), prinfo(bits));
    sqe.cdw14 = static_cast<uint32_t>(lba_);
    sqe.cdw15 = 0x00ff0000u | tag_;
    return sqe;
  }
  uint8_t random_checks() { return static_cast<uint8_t>(random_.below(8)); }

  // What protection says of one block that has these bytes.
  uint16_t check(uint8_t bits, const Bytes& data, const Metadata& metadata, uint64_t lba) const {
    if (!protects() || (metadata[2] == 0xff && metadata[3] == 0xff)) return 0;
    const Metadata right = make_metadata(data, tag_, static_cast<uint32_t>(lba));
    if ((bits & kGuard) != 0 && (metadata[0] != right[0] || metadata[1] != right[1])) {
      return spec::status::guard_check_error;
    }
    if ((bits & kApplication) != 0 && metadata[3] != right[3]) {
      return spec::status::application_tag_check_error;
    }
    if ((bits & kReference) != 0 && memcmp(&metadata[4], &right[4], 4) != 0) {
      return spec::status::reference_tag_check_error;
    }
    return 0;
  }
  // Of reading the blocks of the command.
  uint16_t reading(uint8_t bits) const {
    if (!in_range_) return spec::status::lba_out_of_range;
    for (uint64_t i = 0; i < count_; i++) {
      if (blocks_[lba_ + i].uncorrectable) return spec::status::unrecovered_read_error;
    }
    for (uint64_t i = 0; i < count_; i++) {
      const ShadowBlock& block = blocks_[lba_ + i];
      const uint16_t status = check(bits, block.data, block.metadata, lba_ + i);
      if (status != 0) return status;
    }
    return 0;
  }

  // Blocks as they lie in the host's memory.
  void flatten(const std::vector<ShadowBlock>& blocks, bool with_metadata) {
    data_.clear();
    metadata_.clear();
    for (const ShadowBlock& block : blocks) {
      data_.insert(data_.end(), block.data.begin(), block.data.end());
      if (!with_metadata || !has_metadata()) continue;
      Bytes& to = format_.extended ? data_ : metadata_;
      const auto* bytes = reinterpret_cast<const std::byte*>(block.metadata.data());
      to.insert(to.end(), bytes, bytes + block.metadata.size());
    }
  }
  std::vector<ShadowBlock> random_blocks(uint8_t bits) {
    tag_ = static_cast<uint16_t>(random_.below(256));
    std::vector<ShadowBlock> blocks(count_);
    for (uint64_t i = 0; i < count_; i++) {
      ShadowBlock& block = blocks[i];
      block.data = bytes_of(format_.data_byte_length(), static_cast<unsigned>(random_.next()));
      block.metadata = make_metadata(block.data, tag_, static_cast<uint32_t>(lba_ + i));
      if ((bits & kPract) == 0 && random_.one_in(8)) block.metadata[random_.below(8)] ^= 0x10;
    }
    return blocks;
  }
  void put(const std::vector<ShadowBlock>& blocks) {
    std::copy(blocks.begin(), blocks.end(), blocks_.begin() + static_cast<ptrdiff_t>(lba_));
  }

  void do_write() {
    const bool acts = protects() && random_.one_in(3);
    const uint8_t bits = random_checks() | (acts ? kPract : 0);
    const auto blocks = random_blocks(bits);
    flatten(blocks, !acts);
    uint16_t wanted = in_range_ ? 0 : spec::status::lba_out_of_range;
    for (uint64_t i = 0; i < count_ && wanted == 0 && !acts; i++) {
      wanted = check(bits, blocks[i].data, blocks[i].metadata, lba_ + i);
    }
    REQUIRE(host_.run(entry(write, bits), data_, metadata_) == wanted);
    if (wanted == 0) put(blocks);
  }

  void do_read() {
    const bool acts = protects() && random_.one_in(3);
    const uint8_t bits = random_checks() | (acts ? kPract : 0);
    const uint16_t wanted = reading(bits);
    std::vector<ShadowBlock> blocks(count_, ShadowBlock{Bytes(format_.data_byte_length()), {}});
    if (wanted == 0) {
      for (uint64_t i = 0; i < count_; i++) blocks[i] = blocks_[lba_ + i];
    }
    flatten(blocks, !acts);
    Bytes data(data_.size());
    Bytes metadata(metadata_.size());
    REQUIRE(host_.run(entry(read, bits), data, metadata) == wanted);
    if (wanted != 0) return;
    REQUIRE(data == data_);
    REQUIRE(metadata == metadata_);
  }

  void do_compare() {
    if (!in_range_) return;
    const uint8_t bits = random_checks();
    std::vector<ShadowBlock> blocks(blocks_.begin() + static_cast<ptrdiff_t>(lba_),
                                    blocks_.begin() + static_cast<ptrdiff_t>(lba_ + count_));
    uint16_t wanted = reading(bits);
    if (wanted == 0 && random_.one_in(2)) {
      ShadowBlock& block = blocks[random_.below(count_)];
      const bool in_metadata = has_metadata() && !protects() && random_.one_in(2);
      if (in_metadata) {
        block.metadata[random_.below(8)] ^= 1;
      } else {
        block.data[random_.below(block.data.size())] ^= std::byte{1};
      }
      const bool seen = (bits & kGuard) != 0 && protects() &&
                        (block.metadata[2] != 0xff || block.metadata[3] != 0xff);
      wanted = seen ? spec::status::guard_check_error : spec::status::compare_failure;
    }
    flatten(blocks, true);
    REQUIRE(host_.run(entry(compare, bits), data_, metadata_) == wanted);
  }

  void do_verify() {
    const uint8_t bits = random_checks();
    REQUIRE(host_.run(entry(verify, bits)) == reading(bits));
  }

  void do_write_zeroes() {
    const bool acts = protects() && random_.one_in(2);
    auto sqe = entry(write_zeroes, acts ? kPract : 0);
    if (random_.one_in(2)) sqe.cdw12 |= spec::write_zeroes_cdw12::deac.mask;
    REQUIRE(host_.run(sqe) == (in_range_ ? 0 : spec::status::lba_out_of_range));
    for (uint64_t i = 0; in_range_ && i < count_; i++) {
      ShadowBlock block{Bytes(format_.data_byte_length()), {}};
      if (acts) block.metadata = make_metadata(block.data, tag_, static_cast<uint32_t>(lba_ + i));
      blocks_[lba_ + i] = block;
    }
  }

  void do_deallocate() {
    const spec::DatasetManagementRange range{0, static_cast<uint32_t>(count_), lba_};
    data_.resize(sizeof(range));
    memcpy(data_.data(), &range, sizeof(range));
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = dataset_management;
    sqe.cdw11 = spec::dataset_management_cdw11::ad.mask;
    REQUIRE(host_.run(sqe, data_) == (in_range_ ? 0 : spec::status::lba_out_of_range));
    for (uint64_t i = 0; in_range_ && i < count_; i++) {
      blocks_[lba_ + i] = {Bytes(format_.data_byte_length()), unwritten(), false};
    }
  }

  void do_copy() {
    if (!in_range_) return;
    spec::CopyDescriptor sources[2] = {};
    std::vector<ShadowBlock> blocks;
    for (spec::CopyDescriptor& source : sources) {
      source.slba = random_.below(kBlocks - 4);
      source.nlb = static_cast<uint16_t>(random_.below(4));
      for (uint64_t i = 0; i <= source.nlb; i++) blocks.push_back(blocks_[source.slba + i]);
    }
    count_ = blocks.size();
    data_.resize(sizeof(sources));
    memcpy(data_.data(), sources, sizeof(sources));
    auto sqe = ExecutorHost::entry(copy, lba_, 2);
    uint16_t wanted = 0;
    for (const ShadowBlock& block : blocks) {
      if (block.uncorrectable) wanted = spec::status::unrecovered_read_error;
    }
    if (count_ > kBlocks - lba_) wanted = spec::status::lba_out_of_range;
    REQUIRE(host_.run(sqe, data_) == wanted);
    if (wanted == 0) put(blocks);
  }

  void do_write_uncorrectable() {
    if (!random_.one_in(4)) return;
    count_ = std::min<uint64_t>(count_, 2);
    in_range_ = lba_ < kBlocks && count_ <= kBlocks - lba_;
    REQUIRE(host_.run(entry(write_uncorrectable, 0)) ==
            (in_range_ ? 0 : spec::status::lba_out_of_range));
    for (uint64_t i = 0; in_range_ && i < count_; i++) blocks_[lba_ + i].uncorrectable = true;
  }

  const NamespaceFormat format_;
  Random random_;
  ExecutorHost host_;
  std::vector<ShadowBlock> blocks_;
  uint64_t lba_ = 0;
  uint64_t count_ = 0;
  bool in_range_ = false;
  uint16_t tag_ = 0;  // of the last write; the mask leaves its low byte
  Bytes data_;
  Bytes metadata_;
};

TEST_CASE("random commands do what they do to a simple model, in every format") {
  for (uint8_t lba_format = 0; lba_format < kLbaFormatCount; lba_format++) {
    const bool has_metadata = kLbaFormats[lba_format].metadata_byte_length != 0;
    for (const bool extended : {false, true}) {
      for (const uint8_t protection_type : {0, 1}) {
        if (!has_metadata && (extended || protection_type != 0)) continue;
        for (const bool is_memory : {false, true}) {
          CAPTURE(lba_format);
          CAPTURE(extended);
          CAPTURE(protection_type);
          CAPTURE(is_memory);
          const NamespaceFormat format{lba_format, extended, protection_type, false};
          Pair(format, is_memory, 20 + lba_format).run(3000 / kSingleThreadedShare);
        }
      }
    }
  }
}

}  // namespace
}  // namespace nvm::emulator

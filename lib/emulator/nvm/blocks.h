// SPDX-License-Identifier: MIT
// Blocks on their way between host, device and medium, with their metadata. In the device, data
// and metadata lie apart; on the host's side they may be interleaved.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "emulator/executor.h"
#include "emulator/namespace.h"

namespace nvm::emulator {

// Memory of the device; either part may be empty, and is then not moved.
struct BlockSpan {
  std::span<std::byte> data;
  std::span<std::byte> metadata;  // as the host sees it
};

class Blocks {
 public:
  explicit Blocks(const NamespaceFormat& format)
      : data_byte_length_(format.data_byte_length()),
        metadata_byte_length_(format.metadata_byte_length()) {}
  void resize(uint64_t block_count) {
    data_.resize(block_count * data_byte_length_);
    metadata_.resize(block_count * metadata_byte_length_);
  }
  void fill_with_zeroes() {
    std::fill(data_.begin(), data_.end(), std::byte{});
    std::fill(metadata_.begin(), metadata_.end(), std::byte{});
  }
  BlockSpan all() { return {data_, metadata_}; }
  BlockSpan part(uint64_t first, uint64_t block_count) {
    return {std::span(data_).subspan(first * data_byte_length_, block_count * data_byte_length_),
            std::span(metadata_).subspan(first * metadata_byte_length_,
                                         block_count * metadata_byte_length_)};
  }

 private:
  uint64_t data_byte_length_;
  uint64_t metadata_byte_length_;
  std::vector<std::byte> data_;
  std::vector<std::byte> metadata_;
};

// Medium to device: as many blocks as `to` has data for. Unrecovered Read Error, or success. The
// caller has checked the range.
Task load_blocks(Namespace& ns, uint64_t lba, BlockSpan to);
// Device to medium. The last block may be there in part. Write Fault, or success.
Task save_blocks(Namespace& ns, uint64_t lba, BlockSpan from);
// Everything written before becomes durable.
Task flush_blocks(Namespace& ns);
// Afterwards the blocks read as zeroes, with metadata of zeroes or protection information of ones.
Task deallocate_blocks(Namespace& ns, uint64_t lba, uint64_t block_count);
// As above, but the blocks' metadata stays.
Task deallocate_data(Namespace& ns, uint64_t lba, uint64_t block_count);

// What of each block a command moves between host and device.
struct HostLayout {
  // With `acts`, protection information is not moved.
  HostLayout(const NamespaceFormat& format, bool acts);

  uint32_t data_byte_length;
  uint32_t metadata_byte_length;  // 0: not moved
  bool interleaved;               // in Command::data, else in Command::metadata

  // Of one block in Command::data.
  uint32_t block_byte_length() const {
    return interleaved ? data_byte_length + metadata_byte_length : data_byte_length;
  }
  HostLengths lengths(uint64_t block_count) const {
    return {block_count * block_byte_length(),
            interleaved ? 0 : block_count * metadata_byte_length};
  }
};

// Blocks from number `first` of the command on. Metadata that is not moved is left as it is. Data
// Transfer Error, or success.
Task receive_blocks(Command& command, const HostLayout& layout, uint64_t first, BlockSpan to);
Task send_blocks(Command& command, const HostLayout& layout, uint64_t first, BlockSpan from);

// Asks the timing model, until it does not say "later", how long the command takes. Its status is
// success.
Task take_time(Namespace& ns, Command& command, TimedCommand timed);

}  // namespace nvm::emulator

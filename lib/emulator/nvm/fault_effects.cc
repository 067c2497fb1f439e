// SPDX-License-Identifier: MIT
#include "emulator/nvm/fault_effects.h"

#include <algorithm>

#include "emulator/faults/fault.h"

namespace nvm::emulator {
namespace {

void corrupt(const Command& command, CorruptedData data, const HostLayout& layout,
             const BlockPart& part) {
  const CorruptedByte* corrupted =
      command.fault == nullptr ? nullptr : command.fault->corrupts(data);
  if (corrupted == nullptr) return;
  const uint32_t moved = layout.block_byte_length();
  const uint64_t offset = corrupted->offset(part.total * moved, moved);
  const uint64_t block = offset / moved;
  const uint64_t within = offset % moved;
  if (block < part.first) return;
  const bool in_data = within < layout.data_byte_length;
  const auto bytes = in_data ? part.blocks.data : part.blocks.metadata;
  const uint64_t at = in_data ? (block - part.first) * layout.data_byte_length + within
                              : (block - part.first) * layout.metadata_byte_length +
                                    (within - layout.data_byte_length);
  if (at < bytes.size()) bytes[at] ^= std::byte{corrupted->xor_mask};
}

std::span<std::byte> first_of(std::span<std::byte> bytes, uint64_t end, uint64_t begin) {
  return bytes.first(std::min<uint64_t>(bytes.size(), end > begin ? end - begin : 0));
}

}  // namespace

void corrupt_for_host(const Command& command, const HostLayout& layout, const BlockPart& part) {
  corrupt(command, CorruptedData::ToHost, layout, part);
}

void corrupt_for_store(const Command& command, const HostLayout& layout, const BlockPart& part) {
  corrupt(command, CorruptedData::Stored, layout, part);
}

BlockSpan surviving(const Command& command, const HostLayout& layout, const BlockPart& part) {
  if (command.fault == nullptr || !command.fault->torn) return part.blocks;
  const uint32_t moved = layout.block_byte_length();
  const uint64_t length = command.fault->torn->byte_length(part.total * moved, moved);
  const uint64_t whole = length / moved;
  const uint64_t rest = length % moved;
  const uint64_t data_length = layout.data_byte_length;
  const uint64_t data_end = whole * data_length + std::min(rest, data_length);
  // Metadata that the host does not send along, or sends apart, goes with whole blocks.
  const uint64_t metadata_length =
      part.blocks.metadata.size() / (part.blocks.data.size() / data_length);
  const uint64_t metadata_end =
      whole * metadata_length + (rest > data_length ? rest - data_length : 0);
  return {first_of(part.blocks.data, data_end, part.first * data_length),
          first_of(part.blocks.metadata, metadata_end, part.first * metadata_length)};
}

}  // namespace nvm::emulator

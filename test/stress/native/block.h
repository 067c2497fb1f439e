// SPDX-License-Identifier: MIT
// Blocks that say what they are: LBA, version, words that follow from both, and a CRC-32 of all
// that. programs/blocks.mjs makes the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace nvm::stress {

constexpr size_t kBlockBytes = 512;

void fill_block(std::byte* block, uint32_t lba, uint32_t version);

// The version of a block; 0 for one that was never written. Nothing for one that is torn, or
// another's.
std::optional<uint32_t> version_of(const std::byte* block, uint32_t lba);

// Whether each word of a block is of one of the versions `from` to `to`.
bool is_mixed(const std::byte* block, uint32_t lba, uint32_t from, uint32_t to);

}  // namespace nvm::stress

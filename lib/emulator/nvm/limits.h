// SPDX-License-Identifier: MIT
// What the NVM command set can do and how much at once: for Identify and the log pages, and for the
// commands that keep to it. A page is 4096 bytes, CAP.MPSMIN.
#pragma once

#include <cstdint>
#include <span>

#include "emulator/namespace.h"
#include "spec/nvme.h"

namespace nvm::emulator {

// The largest Write Zeroes (Identify, CNS 06h, WZSL).
constexpr uint8_t kWriteZeroesPagesLog2 = 13;
constexpr uint64_t kWriteZeroesBytesMax = uint64_t{4096} << kWriteZeroesPagesLog2;
// Verify, Write Uncorrectable and Dataset Management (VSL, WUSL, DMRL, DMRSL, DMSL) take whatever
// their fields can say.
constexpr uint8_t kNoSizeLimit = 0;

// Copy: MSRC (zero-based), MSSRL and MCL (in blocks).
constexpr uint8_t kCopySourcesMax = 127;
constexpr uint64_t kCopyBytesMax = 1 << 20;
inline uint16_t mssrl(const NamespaceFormat& format) {
  return static_cast<uint16_t>(kCopyBytesMax / format.data_byte_length());
}
inline uint32_t mcl(const NamespaceFormat& format) {
  return static_cast<uint32_t>(kCopyBytesMax / format.data_byte_length());
}
constexpr uint16_t kCopyFormats = 1;  // OCFS: descriptor format 0

// Blocks are moved in parts of so many bytes, each in one step when the store is memory.
constexpr uint64_t kPartBytes = 128 << 10;
// NAWUN (zero-based). AWUN and NAWUPF are 0, one block, for every namespace.
inline uint16_t nawun(const Namespace& ns) {
  const bool in_one_step = ns.store->bytes() != nullptr;
  return in_one_step ? static_cast<uint16_t>(kPartBytes / ns.format.data_byte_length() - 1) : 0;
}

// DLFEAT: what is deallocated reads as zeroes; its protection information is all ones.
constexpr uint8_t kDlfeat = spec::dlfeat::read_behavior.put(1) | spec::dlfeat::write_zeroes.put(1);
constexpr uint8_t kMetadataCapabilities = spec::mc::extended.put(1) | spec::mc::separate.put(1);
constexpr uint8_t kProtectionCapabilities =
    spec::dpc::type_1.put(1) | spec::dpc::first.put(1) | spec::dpc::last.put(1);

// Identify ONCS, the part that says which NVM commands there are.
uint16_t nvm_command_support();
// The entry of Commands Supported and Effects (log page 05h); 0: there is no such NVM command.
uint32_t nvm_command_effects(uint8_t opcode);

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// End-to-end data protection of type 1 with a 16-bit guard (NVM command set 1.0, 5.2): 8 bytes of
// metadata that tell whether a block arrived whole, from whom, and at its address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "emulator/namespace.h"
#include "spec/nvme.h"

namespace nvm::emulator {

// CRC-16 of T10-DIF over `bytes`, going on from `crc`.
uint16_t crc16_t10dif(std::span<const std::byte> bytes, uint16_t crc = 0);

// What a command says about protection information.
struct Protection {
  uint8_t prinfo = 0;
  uint16_t application_tag = 0;
  uint16_t application_tag_mask = 0;
  uint32_t reference_tag = 0;  // of the command's first block; each has one more

  // The controller adds or takes away the information, and the host never sees it.
  bool acts() const { return spec::prinfo::pract.get(prinfo) != 0; }
  bool checks() const { return (prinfo & kChecks) != 0; }
  static constexpr uint8_t kChecks =
      spec::prinfo::prchk_guard.mask | spec::prinfo::prchk_app.mask | spec::prinfo::prchk_ref.mask;
};

// Of every command but the reading half of Copy.
inline Protection protection_of(const spec::SubmissionQueueEntry& sqe) {
  return {static_cast<uint8_t>(spec::write_cdw12::prinfo.get(sqe.cdw12)),
          static_cast<uint16_t>(spec::write_cdw15::lbat.get(sqe.cdw15)),
          static_cast<uint16_t>(spec::write_cdw15::lbatm.get(sqe.cdw15)), sqe.cdw14};
}

// Success, or why a command must not ask that of blocks from `lba` on. Without protection in the
// format there is nothing to ask.
uint16_t judge_protection(const NamespaceFormat& format, const Protection& wanted, uint64_t lba);

// Blocks whose data and metadata lie apart. `index` is the first one's number in the command.
uint16_t check_protection(const NamespaceFormat& format, const Protection& wanted, uint64_t index,
                          std::span<const std::byte> data, std::span<const std::byte> metadata);
void make_protection(const NamespaceFormat& format, const Protection& wanted, uint64_t index,
                     std::span<const std::byte> data, std::span<std::byte> metadata);

}  // namespace nvm::emulator

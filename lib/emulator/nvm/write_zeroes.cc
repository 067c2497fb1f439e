// SPDX-License-Identifier: MIT
// Write Zeroes (NVM command set 1.0, 3.2.8). Deallocating when asked to; the protection information
// is what the command says in either case: zeroes, or made (PRACT).
#include "emulator/nvm/blocks.h"
#include "emulator/nvm/commands.h"
#include "emulator/nvm/fault_effects.h"
#include "emulator/nvm/limits.h"
#include "emulator/nvm/protection.h"

namespace nvm::emulator::commands {
namespace {

uint16_t judge(const Namespace& ns, const Protection& protection, const BlockRange& range) {
  if (range.block_count * ns.format.data_byte_length() > kWriteZeroesBytesMax) {
    return refuse(spec::status::invalid_field);
  }
  // There is nothing that could be checked.
  if (ns.format.protection_type != 0 && protection.checks()) {
    return refuse(spec::status::invalid_protection_information);
  }
  return spec::status::success;
}

}  // namespace

bool write_zeroes_deallocates(const Command& command) {
  return spec::write_zeroes_cdw12::deac.get(command.sqe.cdw12) != 0 && command.fault == nullptr;
}

Task write_zeroes(Namespace& ns, Command& command) {
  const BlockRange range = block_range(command.sqe);
  const Protection protection = protection_of(command.sqe);
  const uint16_t judged = judge(ns, protection, range);
  if (judged != spec::status::success) co_return judged;
  const bool deallocates = write_zeroes_deallocates(command);
  if (deallocates) {
    const uint16_t status = co_await deallocate_data(ns, range.lba, range.block_count);
    if (status != spec::status::success) co_return status;
    if (ns.metadata_store == nullptr) co_return co_await flush_if_due(ns, command);
  }
  const HostLayout layout(ns.format, true);
  Blocks blocks(ns.format);
  const uint64_t most = kPartBytes / ns.format.data_byte_length();
  for (uint64_t done = 0; done < range.block_count; done += most) {
    if (done != 0) co_await next_step{};
    blocks.resize(std::min(most, range.block_count - done));
    blocks.fill_with_zeroes();
    BlockPart part{range.block_count, done, blocks.all()};
    if (ns.format.protection_type != 0 && protection.acts()) {
      make_protection(ns.format, protection, done, part.blocks.data, part.blocks.metadata);
    }
    corrupt_for_store(command, layout, part);
    BlockSpan saved = surviving(command, layout, part);
    if (deallocates) saved.data = {};
    const uint16_t status = co_await save_blocks(ns, range.lba + done, saved);
    if (status != spec::status::success) co_return status;
  }
  co_return co_await flush_if_due(ns, command);
}

}  // namespace nvm::emulator::commands

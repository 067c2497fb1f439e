// SPDX-License-Identifier: MIT
// Read (NVM command set 1.0, 3.2.4).
#include "emulator/nvm/blocks.h"
#include "emulator/nvm/commands.h"
#include "emulator/nvm/fault_effects.h"
#include "emulator/nvm/limits.h"
#include "emulator/nvm/protection.h"

namespace nvm::emulator::commands {

bool read_at_once(Namespace& ns, Command& command) {
  const std::byte* bytes = ns.store->bytes();
  if (bytes == nullptr || !command.data.direct()) return false;
  if (spec::read_cdw12::fua.get(command.sqe.cdw12)) return false;
  const std::byte* from = bytes + block_range(command.sqe).lba * ns.format.data_byte_length();
  if (command.data.copy_to_host(from, ns.store->may_fault()) == Progress::Done) return true;
  // One side could not be reached. When the host's can, it was the medium.
  command.status_field = command.data.host_reachable() ? spec::status::unrecovered_read_error
                                                       : spec::status::data_transfer_error;
  return true;
}

Task read(Namespace& ns, Command& command) {
  const BlockRange range = block_range(command.sqe);
  const Protection protection = protection_of(command.sqe);
  const uint16_t judged = judge_protection(ns.format, protection, range.lba);
  if (judged != spec::status::success) co_return judged;
  if (spec::read_cdw12::fua.get(command.sqe.cdw12) != 0) {
    const uint16_t flushed = co_await flush(ns, command);
    if (flushed != spec::status::success) co_return flushed;
  }
  const HostLayout layout(ns.format, protection.acts());
  Blocks blocks(ns.format);
  const uint64_t most = kPartBytes / ns.format.data_byte_length();
  for (uint64_t done = 0; done < range.block_count; done += most) {
    if (done != 0) co_await next_step{};
    blocks.resize(std::min(most, range.block_count - done));
    const BlockPart part{range.block_count, done, blocks.all()};
    uint16_t status = co_await load_blocks(ns, range.lba + done, part.blocks);
    if (status != spec::status::success) co_return status;
    status = check_protection(ns.format, protection, done, part.blocks.data, part.blocks.metadata);
    if (status != spec::status::success) co_return status;
    corrupt_for_host(command, layout, part);
    status = co_await send_blocks(command, layout, done, part.blocks);
    if (status != spec::status::success) co_return status;
  }
  co_return spec::status::success;
}

}  // namespace nvm::emulator::commands

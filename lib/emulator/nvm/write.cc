// SPDX-License-Identifier: MIT
// Write (NVM command set 1.0, 3.2.6).
#include "emulator/nvm/blocks.h"
#include "emulator/nvm/commands.h"
#include "emulator/nvm/fault_effects.h"
#include "emulator/nvm/limits.h"
#include "emulator/nvm/protection.h"

namespace nvm::emulator::commands {

bool write_at_once(Namespace& ns, Command& command) {
  constexpr uint32_t kNotAtOnce = spec::write_cdw12::fua.mask | spec::write_cdw12::dtype.mask;
  std::byte* bytes = ns.store->bytes();
  if (bytes == nullptr || !command.data.direct()) return false;
  if ((command.sqe.cdw12 & kNotAtOnce) != 0) return false;
  std::byte* to = bytes + block_range(command.sqe).lba * ns.format.data_byte_length();
  if (command.data.copy_from_host(to, ns.store->may_fault()) == Progress::Done) return true;
  command.status_field =
      command.data.host_reachable() ? spec::status::write_fault : spec::status::data_transfer_error;
  return true;
}

Task write(Namespace& ns, Command& command) {
  const BlockRange range = block_range(command.sqe);
  const Protection protection = protection_of(command.sqe);
  if (spec::write_cdw12::dtype.get(command.sqe.cdw12) != 0) {
    co_return refuse(spec::status::invalid_field);  // no directives
  }
  const uint16_t judged = judge_protection(ns.format, protection, range.lba);
  if (judged != spec::status::success) co_return judged;
  const bool inserts = ns.format.protection_type != 0 && protection.acts();
  const HostLayout layout(ns.format, protection.acts());
  Blocks blocks(ns.format);
  const uint64_t most = kPartBytes / ns.format.data_byte_length();
  for (uint64_t done = 0; done < range.block_count; done += most) {
    if (done != 0) co_await next_step{};
    blocks.resize(std::min(most, range.block_count - done));
    const BlockPart part{range.block_count, done, blocks.all()};
    uint16_t status = co_await receive_blocks(command, layout, done, part.blocks);
    if (status != spec::status::success) co_return status;
    if (inserts) {
      make_protection(ns.format, protection, done, part.blocks.data, part.blocks.metadata);
    } else {
      status =
          check_protection(ns.format, protection, done, part.blocks.data, part.blocks.metadata);
      if (status != spec::status::success) co_return status;
    }
    corrupt_for_store(command, layout, part);
    status = co_await save_blocks(ns, range.lba + done, surviving(command, layout, part));
    if (status != spec::status::success) co_return status;
  }
  co_return co_await flush_if_due(ns, command);
}

}  // namespace nvm::emulator::commands

// SPDX-License-Identifier: MIT
// Verify: Read without a host (NVM command set 1.0, 3.2.5).
#include "emulator/nvm/blocks.h"
#include "emulator/nvm/commands.h"
#include "emulator/nvm/limits.h"
#include "emulator/nvm/protection.h"

namespace nvm::emulator::commands {

Task verify(Namespace& ns, Command& command) {
  const BlockRange range = block_range(command.sqe);
  const Protection protection = protection_of(command.sqe);
  if (ns.format.protection_type != 0 && protection.acts()) {
    co_return refuse(spec::status::invalid_protection_information);
  }
  const uint16_t judged = judge_protection(ns.format, protection, range.lba);
  if (judged != spec::status::success) co_return judged;
  Blocks blocks(ns.format);
  const uint64_t most = kPartBytes / ns.format.data_byte_length();
  for (uint64_t done = 0; done < range.block_count; done += most) {
    if (done != 0) co_await next_step{};
    blocks.resize(std::min(most, range.block_count - done));
    const BlockSpan part = blocks.all();
    uint16_t status = co_await load_blocks(ns, range.lba + done, part);
    if (status != spec::status::success) co_return status;
    status = check_protection(ns.format, protection, done, part.data, part.metadata);
    if (status != spec::status::success) co_return status;
  }
  co_return spec::status::success;
}

}  // namespace nvm::emulator::commands

// SPDX-License-Identifier: MIT
// Read (NVM command set 1.0, 3.2.4).
#include <vector>

#include "emulator/nvm/commands.h"

namespace nvm::emulator::commands {

bool read_at_once(Namespace& ns, Command& command) {
  const std::byte* bytes = ns.store->bytes();
  if (bytes == nullptr || !command.data.direct()) return false;
  const std::byte* from = bytes + block_range(command.sqe).lba * ns.format.data_byte_length();
  if (command.data.copy_to_host(from, ns.store->may_fault()) == Progress::Done) return true;
  // One side could not be reached. When the host's can, it was the medium.
  command.status_field = command.data.host_reachable() ? spec::status::unrecovered_read_error
                                                       : spec::status::data_transfer_error;
  return true;
}

Task read(Namespace& ns, Command& command) {
  const uint64_t offset = block_range(command.sqe).lba * ns.format.data_byte_length();
  StoreOperation operation;
  std::vector<std::byte> blocks(command.data.byte_length());
  const Progress progress = co_await settled(
      operation, ns.store->begin_read(operation, offset, blocks.data(), blocks.size()));
  if (progress == Progress::Failed) co_return spec::status::unrecovered_read_error;
  co_return co_await send_to_host(command.data, 0, blocks.data(), blocks.size());
}

}  // namespace nvm::emulator::commands

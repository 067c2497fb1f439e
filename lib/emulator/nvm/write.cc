// SPDX-License-Identifier: MIT
// Write (NVM command set 1.0, 3.2.6).
#include <vector>

#include "emulator/nvm/commands.h"

namespace nvm::emulator::commands {

bool write_at_once(Namespace& ns, Command& command) {
  std::byte* bytes = ns.store->bytes();
  if (bytes == nullptr || !command.data.direct()) return false;
  if (spec::write_cdw12::fua.get(command.sqe.cdw12)) return false;
  std::byte* to = bytes + block_range(command.sqe).lba * ns.format.data_byte_length();
  if (command.data.copy_from_host(to, ns.store->may_fault()) == Progress::Done) return true;
  command.status_field =
      command.data.host_reachable() ? spec::status::write_fault : spec::status::data_transfer_error;
  return true;
}

Task write(Namespace& ns, Command& command) {
  const uint64_t offset = block_range(command.sqe).lba * ns.format.data_byte_length();
  StoreOperation operation;
  std::vector<std::byte> blocks(command.data.byte_length());
  const uint16_t received =
      co_await receive_from_host(command.data, 0, blocks.data(), blocks.size());
  if (received != spec::status::success) co_return received;
  const Progress progress = co_await settled(
      operation, ns.store->begin_write(operation, offset, blocks.data(), blocks.size()));
  if (progress == Progress::Failed) co_return spec::status::write_fault;
  if (spec::write_cdw12::fua.get(command.sqe.cdw12)) co_return co_await flush(ns, command);
  co_return spec::status::success;
}

}  // namespace nvm::emulator::commands

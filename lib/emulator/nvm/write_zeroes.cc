// SPDX-License-Identifier: MIT
// Write Zeroes (NVM command set 1.0, 3.2.8).
#include <vector>

#include "emulator/nvm/commands.h"
#include "emulator/nvm/nvm_executor.h"

namespace nvm::emulator::commands {

Task write_zeroes(Namespace& ns, Command& command) {
  const BlockRange range = block_range(command.sqe);
  const uint64_t byte_length = range.block_count * ns.format.data_byte_length();
  if (byte_length > kWriteZeroesBytesMax) co_return spec::status::invalid_field | spec::status::dnr;
  StoreOperation operation;
  const std::vector<std::byte> zeroes(byte_length);
  const uint64_t offset = range.lba * ns.format.data_byte_length();
  const Progress progress = co_await settled(
      operation, ns.store->begin_write(operation, offset, zeroes.data(), byte_length));
  if (progress == Progress::Failed) co_return spec::status::write_fault;
  if (spec::write_cdw12::fua.get(command.sqe.cdw12)) co_return co_await flush(ns, command);
  co_return spec::status::success;
}

}  // namespace nvm::emulator::commands

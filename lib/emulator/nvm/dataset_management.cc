// SPDX-License-Identifier: MIT
// Dataset Management: deallocates; everything else that it can say is a hint (NVM command set 1.0,
// 3.2.3).
#include <vector>

#include "emulator/nvm/blocks.h"
#include "emulator/nvm/commands.h"

namespace nvm::emulator::commands {

Task dataset_management(Namespace& ns, Command& command) {
  const spec::SubmissionQueueEntry& sqe = command.sqe;
  const bool deallocates = spec::dataset_management_cdw11::ad.get(sqe.cdw11) != 0;
  if (deallocates && ns.protected_from_writes()) {
    co_return refuse(spec::status::namespace_is_write_protected);
  }
  std::vector<spec::DatasetManagementRange> ranges(
      spec::dataset_management_cdw10::nr.get(sqe.cdw10) + 1);
  uint16_t status =
      co_await receive_from_host(command.data, 0, reinterpret_cast<std::byte*>(ranges.data()),
                                 ranges.size() * sizeof(ranges[0]));
  if (status != spec::status::success) co_return status;
  uint64_t block_count = 0;  // at most 256 · 2^32
  for (const spec::DatasetManagementRange& range : ranges) {
    if (range.nlb != 0 && !ns.contains(range.slba, range.nlb)) {
      co_return refuse(spec::status::lba_out_of_range);
    }
    block_count += range.nlb;
  }
  if (!deallocates) block_count = 0;
  const uint64_t block_byte_length = ns.format.data_byte_length();
  co_await take_time(
      ns, command, {sqe.opc, ranges[0].slba * block_byte_length, block_count * block_byte_length});
  if (!deallocates) co_return spec::status::success;
  for (const spec::DatasetManagementRange& range : ranges) {
    if (range.nlb == 0) continue;
    status = co_await deallocate_blocks(ns, range.slba, range.nlb);
    if (status != spec::status::success) co_return status;
  }
  // Bit 30 of dword 12 means nothing here, so not flush_if_due().
  if (ns.write_through) co_return co_await flush(ns, command);
  co_return spec::status::success;
}

}  // namespace nvm::emulator::commands

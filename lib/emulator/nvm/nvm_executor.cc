// SPDX-License-Identifier: MIT
#include "emulator/nvm/nvm_executor.h"

#include <algorithm>
#include <bit>

namespace nvm::emulator {
namespace {

Progress fail(Command& command, uint16_t status) {
  command.status_field = status | spec::status::dnr;
  return Progress::Done;
}

}  // namespace

NvmExecutor::NvmExecutor(Namespace& ns)
    : ns_(ns),
      bytes_(ns.store->bytes()),
      lba_shift_(static_cast<unsigned>(std::countr_zero(ns.format.data_byte_length()))),
      block_count_(ns.block_count()) {
  for (const commands::NvmCommand& row : commands::all()) commands_[row.opcode] = &row;
}

Progress NvmExecutor::begin(Command& command, Clock& clock) {
  const commands::NvmCommand* row = commands_[command.sqe.opc];
  if (row == nullptr) return fail(command, spec::status::invalid_opcode);
  if (row->writes && ns_.store->read_only()) {
    return fail(command, spec::status::namespace_is_write_protected);
  }
  if (row->has_range) {
    const commands::BlockRange range = commands::block_range(command.sqe);
    if (range.lba >= block_count_ || range.block_count > block_count_ - range.lba) {
      return fail(command, spec::status::lba_out_of_range);
    }
  }
  if (ns_.timing != nullptr && !schedule(command, *row, clock)) return Progress::Pending;
  if (row->run_at_once != nullptr && row->run_at_once(ns_, command)) return Progress::Done;
  command.task = row->run(ns_, command);
  return go_on(command);
}

HostLengths NvmExecutor::host_lengths(const spec::SubmissionQueueEntry& sqe) const {
  const commands::NvmCommand* row = commands_[sqe.opc];
  if (row == nullptr || !row->moves_blocks) return {};
  return {commands::block_range(sqe).block_count << lba_shift_, 0};
}

void NvmExecutor::prefetch(const spec::SubmissionQueueEntry& sqe) const {
  if (bytes_ == nullptr) return;
  if (sqe.opc != spec::nvm_opcode::read && sqe.opc != spec::nvm_opcode::write) return;
  const commands::BlockRange range = commands::block_range(sqe);
  if (range.lba >= block_count_) return;
  constexpr uint64_t kLineBytes = 64;
  constexpr uint64_t kBytesMax = 4096;
  const std::byte* first = bytes_ + (range.lba << lba_shift_);
  const uint64_t length = std::min(range.block_count << lba_shift_, kBytesMax);
  if (sqe.opc == spec::nvm_opcode::read) {
    for (uint64_t at = 0; at < length; at += kLineBytes) __builtin_prefetch(first + at, 0);
  } else {
    for (uint64_t at = 0; at < length; at += kLineBytes) __builtin_prefetch(first + at, 1);
  }
}

bool NvmExecutor::schedule(Command& command, const commands::NvmCommand& row, Clock& clock) {
  const commands::BlockRange range =
      row.has_range ? commands::block_range(command.sqe) : commands::BlockRange{0, 0};
  const Schedule schedule = ns_.timing->schedule(
      {command.sqe.opc, range.lba, range.block_count << lba_shift_}, clock.now_ns());
  (schedule.retry ? command.retry_at_ns : command.complete_at_ns) = schedule.at_ns;
  return !schedule.retry;
}

std::unique_ptr<Namespace> make_nvm_namespace(std::unique_ptr<Store> store,
                                              uint32_t lba_byte_length,
                                              std::unique_ptr<TimingModel> timing) {
  auto ns = std::make_unique<Namespace>();
  ns->store = std::move(store);
  while (kLbaFormats[ns->format.lba_format].data_byte_length != lba_byte_length) {
    ns->format.lba_format++;
  }
  ns->timing = std::move(timing);
  ns->executor = std::make_unique<NvmExecutor>(*ns);
  return ns;
}

}  // namespace nvm::emulator

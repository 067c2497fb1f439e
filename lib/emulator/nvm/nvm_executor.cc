// SPDX-License-Identifier: MIT
#include "emulator/nvm/nvm_executor.h"

#include <algorithm>
#include <bit>

#include "emulator/io_command.h"
#include "emulator/nvm/blocks.h"
#include "emulator/nvm/protection.h"
#include "emulator/subsystem.h"

namespace nvm::emulator {
namespace {

Progress end(Command& command, uint16_t status) {
  command.status_field = status;
  return Progress::Done;
}

Progress fail(Command& command, uint16_t status) {
  return end(command, commands::refuse(status));
}

bool ends_at(const spec::SubmissionQueueEntry& sqe, uint64_t lba) {
  const commands::BlockRange range = commands::block_range(sqe);
  return range.lba + range.block_count == lba;
}

// False: the command is tried again later.
bool apply(Command& command, const Schedule& schedule) {
  (schedule.retry ? command.retry_at_ns : command.complete_at_ns) = schedule.at_ns;
  return !schedule.retry;
}

}  // namespace

NvmExecutor::NvmExecutor(Namespace& ns)
    : ns_(ns),
      bytes_(ns.store->bytes()),
      lba_shift_(static_cast<unsigned>(std::countr_zero(ns.format.data_byte_length()))),
      has_metadata_(ns.format.metadata_byte_length() != 0),
      block_count_(ns.block_count()) {
  for (const commands::NvmCommand& row : commands::all()) commands_[row.opcode] = &row;
}

Progress NvmExecutor::begin(Command& command, Clock& clock) {
  const commands::NvmCommand* row = commands_[command.sqe.opc];
  if (row == nullptr) return begin_added(command, clock);
  if (ns_.unavailable != 0) return end(command, ns_.unavailable);
  if (row->writes && ns_.protected_from_writes()) {
    return fail(command, spec::status::namespace_is_write_protected);
  }
  if (row->has_range) {
    const commands::BlockRange range = commands::block_range(command.sqe);
    if (range.lba >= block_count_ || range.block_count > block_count_ - range.lba) {
      return fail(command, spec::status::lba_out_of_range);
    }
  }
  if (ns_.timing != nullptr && !schedule(command, *row, clock)) return Progress::Pending;
  if (row->run_at_once != nullptr && command.fault == nullptr && ns_.plain() &&
      row->run_at_once(ns_, command)) {
    return Progress::Done;
  }
  command.task = row->run(ns_, command);
  return go_on(command);
}

HostLengths NvmExecutor::host_lengths(const spec::SubmissionQueueEntry& sqe) const {
  const commands::NvmCommand* row = commands_[sqe.opc];
  if (row == nullptr) {
    const IoCommand* added = find_added(sqe.opc);
    if (added == nullptr || !added->host_lengths) return {};
    return added->host_lengths(ns_, sqe);
  }
  switch (row->host_data) {
    case commands::HostData::None:
      break;
    case commands::HostData::Blocks: {
      const uint64_t block_count = commands::block_range(sqe).block_count;
      if (!has_metadata_) return {block_count << lba_shift_, 0};
      return HostLayout(ns_.format, protection_of(sqe).acts()).lengths(block_count);
    }
    case commands::HostData::Ranges:
      return {(spec::dataset_management_cdw10::nr.get(sqe.cdw10) + 1) *
                  sizeof(spec::DatasetManagementRange),
              0};
    case commands::HostData::Sources:
      return {(spec::copy_cdw12::nr.get(sqe.cdw12) + 1) * sizeof(spec::CopyDescriptor), 0};
  }
  return {};
}

void NvmExecutor::prefetch(const spec::SubmissionQueueEntry& sqe,
                           const spec::SubmissionQueueEntry* before) const {
  if (bytes_ == nullptr) return;
  if (sqe.opc != spec::nvm_opcode::read && sqe.opc != spec::nvm_opcode::write) return;
  const commands::BlockRange range = commands::block_range(sqe);
  if (range.lba >= block_count_) return;
  constexpr uint64_t kLineBytes = 64;
  constexpr uint64_t kBytesMax = 4096;
  const std::byte* first = bytes_ + (range.lba << lba_shift_);
  const uint64_t length = range.block_count << lba_shift_;
  // The CPU is on its way there by itself, and reaching ahead of it makes the copy slower.
  if (length > kBytesMax && before != nullptr && ends_at(*before, range.lba)) return;
  const uint64_t reach = std::min(length, kBytesMax);
  if (sqe.opc == spec::nvm_opcode::read) {
    for (uint64_t at = 0; at < reach; at += kLineBytes) __builtin_prefetch(first + at, 0);
  } else {
    for (uint64_t at = 0; at < reach; at += kLineBytes) __builtin_prefetch(first + at, 1);
  }
}

bool NvmExecutor::schedule(Command& command, const commands::NvmCommand& row, Clock& clock) {
  TimedCommand timed{command.sqe.opc, 0, 0};
  if (row.has_range) {
    const commands::BlockRange range = commands::block_range(command.sqe);
    timed = {command.sqe.opc, range.lba << lba_shift_, range.block_count << lba_shift_};
    timed.durable = ns_.write_through || spec::write_cdw12::fua.get(command.sqe.cdw12) != 0;
    timed.deallocates =
        row.opcode == spec::nvm_opcode::write_zeroes && commands::write_zeroes_deallocates(command);
  } else if (row.host_data != commands::HostData::None) {
    return true;  // it asks when it knows its ranges
  }
  return apply(command, ns_.timing->schedule(timed, clock.now_ns()));
}

const IoCommand* NvmExecutor::find_added(uint8_t opcode) const {
  return ns_.subsystem == nullptr ? nullptr : ns_.subsystem->io_commands().find(opcode);
}

Progress NvmExecutor::begin_added(Command& command, Clock& clock) {
  const IoCommand* added = find_added(command.sqe.opc);
  if (added == nullptr) return fail(command, spec::status::invalid_opcode);
  if (ns_.unavailable != 0) return end(command, ns_.unavailable);
  if (spec::command_effects::lbcc.get(added->effects) != 0 && ns_.protected_from_writes()) {
    return fail(command, spec::status::namespace_is_write_protected);
  }
  if (ns_.timing != nullptr && !schedule_added(command, *added, clock)) return Progress::Pending;
  command.task = added->run(ns_, command);
  return go_on(command);
}

bool NvmExecutor::schedule_added(Command& command, const IoCommand& added, Clock& clock) {
  const uint64_t now_ns = clock.now_ns();
  if (added.schedule) {
    return apply(command, added.schedule(*ns_.timing, ns_, command.sqe, now_ns));
  }
  return apply(command,
               ns_.timing->schedule({command.sqe.opc, 0, command.data.byte_length()}, now_ns));
}

}  // namespace nvm::emulator

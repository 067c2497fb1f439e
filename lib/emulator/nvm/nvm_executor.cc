// SPDX-License-Identifier: MIT
#include "emulator/nvm/nvm_executor.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "platform/sigbus_guard.h"

namespace nvm::emulator {
namespace {

// What resume() goes on with.
enum Stage : uint8_t { kStart, kReading, kWriting, kFlushing };

Progress fail(Command& command, uint16_t status) {
  command.status_field = status;
  return Progress::Done;
}

bool is_data_command(uint8_t opcode) {
  return opcode == spec::nvm_opcode::read || opcode == spec::nvm_opcode::write;
}

uint64_t start_lba(const spec::SubmissionQueueEntry& sqe) {
  return sqe.cdw10 | static_cast<uint64_t>(sqe.cdw11) << 32;
}

uint64_t block_count(const spec::SubmissionQueueEntry& sqe) {
  return uint64_t{spec::read_cdw12::nlb.get(sqe.cdw12)} + 1;
}

}  // namespace

// One row per command; a command that is not here completes with Invalid Command Opcode.
const NvmExecutor::Row NvmExecutor::kRows[] = {
    {spec::nvm_opcode::flush, &NvmExecutor::flush},
    {spec::nvm_opcode::write, &NvmExecutor::write},
    {spec::nvm_opcode::read, &NvmExecutor::read},
    {spec::nvm_opcode::write_zeroes, &NvmExecutor::write_zeroes},
};

NvmExecutor::NvmExecutor(Namespace& ns)
    : ns_(ns),
      store_(*ns.store),
      bytes_(ns.store->bytes()),
      may_fault_(ns.store->may_fault()),
      lba_shift_(static_cast<unsigned>(std::countr_zero(ns.lba_byte_length))),
      block_count_(ns.block_count()) {
  for (const Row& row : kRows) handlers_[row.opcode] = row.handler;
}

Progress NvmExecutor::begin(Command& command, Clock& clock) {
  const Handler handler = handlers_[command.sqe.opc];
  if (handler == nullptr) return fail(command, spec::status::invalid_opcode | spec::status::dnr);
  return (this->*handler)(command, clock);
}

Progress NvmExecutor::resume(Command& command, Clock&) {
  const bool failed =
      command.store_operation.progress.load(std::memory_order_acquire) == Progress::Failed;
  switch (command.stage) {
    case kReading:
      if (failed) return fail(command, spec::status::unrecovered_read_error);
      if (command.transfer.begin_to_host(command.bounce.data(), false) == Progress::Failed) {
        return fail(command, spec::status::data_transfer_error);
      }
      return Progress::Done;
    case kWriting:
      if (failed) return fail(command, spec::status::write_fault);
      return finish_write(command);
    default:
      return failed ? fail(command, spec::status::write_fault) : Progress::Done;
  }
}

uint64_t NvmExecutor::data_byte_length(const spec::SubmissionQueueEntry& sqe) const {
  return is_data_command(sqe.opc) ? block_count(sqe) << lba_shift_ : 0;
}

void NvmExecutor::prefetch(const spec::SubmissionQueueEntry& sqe) const {
  if (bytes_ == nullptr || !is_data_command(sqe.opc)) return;
  const uint64_t lba = start_lba(sqe);
  if (lba >= block_count_) return;
  constexpr uint64_t kLineBytes = 64;
  constexpr uint64_t kBytesMax = 4096;
  const std::byte* first = bytes_ + (lba << lba_shift_);
  const uint64_t length = std::min(block_count(sqe) << lba_shift_, kBytesMax);
  if (sqe.opc == spec::nvm_opcode::read) {
    for (uint64_t at = 0; at < length; at += kLineBytes) __builtin_prefetch(first + at, 0);
  } else {
    for (uint64_t at = 0; at < length; at += kLineBytes) __builtin_prefetch(first + at, 1);
  }
}

bool NvmExecutor::locate(Command& command, Range& range) const {
  const uint64_t lba = start_lba(command.sqe);
  const uint64_t count = block_count(command.sqe);
  if (lba >= block_count_ || count > block_count_ - lba) {
    command.status_field = spec::status::lba_out_of_range | spec::status::dnr;
    return false;
  }
  range = {lba << lba_shift_, count << lba_shift_};
  return true;
}

bool NvmExecutor::schedule(Command& command, uint64_t byte_length, Clock& clock) {
  if (ns_.timing == nullptr) return true;
  const uint64_t now_ns = clock.now_ns();
  const Schedule schedule =
      ns_.timing->schedule({command.sqe.opc, start_lba(command.sqe), byte_length}, now_ns);
  (schedule.retry ? command.retry_at_ns : command.complete_at_ns) = schedule.at_ns;
  return !schedule.retry;
}

Progress NvmExecutor::read(Command& command, Clock& clock) {
  Range range;
  if (!locate(command, range)) return Progress::Done;
  if (!schedule(command, range.byte_length, clock)) return Progress::Pending;
  if (bytes_ != nullptr) {
    if (command.transfer.begin_to_host(bytes_ + range.offset, may_fault_) == Progress::Done) {
      return Progress::Done;
    }
    // One side could not be reached. When the host's can, it was the medium.
    return fail(command, command.transfer.host_reachable() ? spec::status::unrecovered_read_error
                                                           : spec::status::data_transfer_error);
  }
  command.bounce.resize(range.byte_length);
  command.stage = kReading;
  const Progress progress = store_.begin_read(command.store_operation, range.offset,
                                              command.bounce.data(), range.byte_length);
  if (progress == Progress::Pending) return progress;
  command.store_operation.progress.store(progress, std::memory_order_relaxed);
  return resume(command, clock);
}

Progress NvmExecutor::write(Command& command, Clock& clock) {
  Range range;
  if (store_.read_only()) {
    return fail(command, spec::status::namespace_is_write_protected | spec::status::dnr);
  }
  if (!locate(command, range)) return Progress::Done;
  if (!schedule(command, range.byte_length, clock)) return Progress::Pending;
  if (bytes_ != nullptr) {
    if (command.transfer.begin_from_host(bytes_ + range.offset, may_fault_) == Progress::Done) {
      return finish_write(command);
    }
    return fail(command, command.transfer.host_reachable() ? spec::status::write_fault
                                                           : spec::status::data_transfer_error);
  }
  command.bounce.resize(range.byte_length);
  if (command.transfer.begin_from_host(command.bounce.data(), false) == Progress::Failed) {
    return fail(command, spec::status::data_transfer_error);
  }
  command.stage = kWriting;
  const Progress progress = store_.begin_write(command.store_operation, range.offset,
                                               command.bounce.data(), range.byte_length);
  if (progress == Progress::Pending) return progress;
  command.store_operation.progress.store(progress, std::memory_order_relaxed);
  return resume(command, clock);
}

Progress NvmExecutor::write_zeroes(Command& command, Clock& clock) {
  Range range;
  if (store_.read_only()) {
    return fail(command, spec::status::namespace_is_write_protected | spec::status::dnr);
  }
  if (!locate(command, range)) return Progress::Done;
  if (range.byte_length > kWriteZeroesBytesMax) {
    return fail(command, spec::status::invalid_field | spec::status::dnr);
  }
  if (!schedule(command, range.byte_length, clock)) return Progress::Pending;
  if (bytes_ != nullptr) {
    if (!may_fault_) {
      memset(bytes_ + range.offset, 0, range.byte_length);
    } else if (!guarded_zero(bytes_ + range.offset, range.byte_length)) {
      return fail(command, spec::status::write_fault);
    }
    return finish_write(command);
  }
  command.bounce.assign(range.byte_length, std::byte{0});
  command.stage = kWriting;
  const Progress progress = store_.begin_write(command.store_operation, range.offset,
                                               command.bounce.data(), range.byte_length);
  if (progress == Progress::Pending) return progress;
  command.store_operation.progress.store(progress, std::memory_order_relaxed);
  return resume(command, clock);
}

Progress NvmExecutor::flush(Command& command, Clock& clock) {
  if (!schedule(command, 0, clock)) return Progress::Pending;
  return begin_flush(command);
}

Progress NvmExecutor::finish_write(Command& command) {
  return spec::write_cdw12::fua.get(command.sqe.cdw12) ? begin_flush(command) : Progress::Done;
}

Progress NvmExecutor::begin_flush(Command& command) {
#if NVM_CANARY_FLUSH_NO_OP
  return Progress::Done;
#else
  command.stage = kFlushing;
  const Progress progress = store_.begin_flush(command.store_operation);
  if (progress == Progress::Failed) return fail(command, spec::status::write_fault);
  return progress;
#endif
}

std::unique_ptr<Namespace> make_nvm_namespace(std::unique_ptr<Store> store,
                                              uint32_t lba_byte_length,
                                              std::unique_ptr<TimingModel> timing) {
  auto ns = std::make_unique<Namespace>();
  ns->store = std::move(store);
  ns->lba_byte_length = lba_byte_length;
  ns->timing = std::move(timing);
  ns->executor = std::make_unique<NvmExecutor>(*ns);
  return ns;
}

}  // namespace nvm::emulator

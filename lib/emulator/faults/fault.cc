// SPDX-License-Identifier: MIT
// What a fault means for one command, and which faults mean nothing.
#include "emulator/faults/fault.h"

#include <algorithm>

namespace nvm::emulator {
namespace {

bool has_lbas(uint8_t opcode) {
  switch (opcode) {
    case spec::nvm_opcode::read:
    case spec::nvm_opcode::write:
    case spec::nvm_opcode::write_zeroes:
    case spec::nvm_opcode::write_uncorrectable:
    case spec::nvm_opcode::compare:
    case spec::nvm_opcode::verify:
      return true;
    default:
      return false;
  }
}

Status refuse(const char* detail) {
  return {ErrorCode::Argument, std::string("fault: ") + detail};
}

Status out_of_range(const char* detail) {
  return {ErrorCode::Range, std::string("fault: ") + detail};
}

// Admin when it is known, from what the match gives.
std::optional<bool> is_admin(const FaultMatch& match) {
  if (match.queue_id) return *match.queue_id == 0;
  if (match.queues == FaultQueues::Any) return std::nullopt;
  return match.queues == FaultQueues::Admin;
}

Status validate_match(const FaultMatch& match) {
  if (match.queues > FaultQueues::Io) return refuse("queues is Any, Admin or Io");
  if (match.queue_id && match.queues == FaultQueues::Admin && *match.queue_id != 0) {
    return refuse("the admin queue has id 0: leave out queue_id, or queues");
  }
  if (match.queue_id && match.queues == FaultQueues::Io && *match.queue_id == 0) {
    return refuse("I/O queues have ids from 1: queue_id 0 is the admin queue");
  }
  if (match.lbas) {
    if (match.lbas->block_count == 0) {
      return refuse("lbas holds no block: give block_count, or leave out lbas");
    }
    if (match.lbas->block_count - 1 > UINT64_MAX - match.lbas->lba) {
      return out_of_range("lbas ends beyond the last LBA there can be: give a smaller block_count");
    }
    if (is_admin(match) == true || (match.opcode && !has_lbas(*match.opcode))) {
      return refuse(
          "lbas matches Read, Write, Write Zeroes, Write Uncorrectable, Compare and Verify on I/O "
          "queues: leave out lbas, or give one of those");
    }
  }
  // Written so that a NaN is refused too.
  if (!(match.probability > 0 && match.probability <= 1)) {
    return out_of_range("probability is above 0 and at most 1");
  }
  return {};
}

bool any(const FaultAction& action) {
  return action.delay_ns != 0 || action.drop || action.status_field || action.torn ||
         action.corruption || action.completion != CompletionFault::None ||
         action.controller != ControllerFault::None;
}

Status validate_values(const FaultAction& action) {
  if (action.completion > CompletionFault::WrongPhase) {
    return refuse("completion is None, Duplicate, UnknownCid or WrongPhase");
  }
  if (action.controller > ControllerFault::Remove) {
    return refuse("controller is None, Stop, Fatal or Remove");
  }
  if (action.corruption && action.corruption->data > CorruptedData::Stored) {
    return refuse("corruption.data is ToHost or Stored");
  }
  if (action.delay_ns > kFaultDelayNsMax) {
    return out_of_range("delay_ns is at most one day: use drop for a command that never completes");
  }
  constexpr uint16_t kBeyondStatus = 0x8000;
  if (action.status_field && (*action.status_field & kBeyondStatus) != 0) {
    return out_of_range(
        "status_field has 15 bits, SC 7:0, SCT 10:8, CRD 12:11, M 13, DNR 14: give it without the "
        "phase tag");
  }
  return {};
}

Status validate_combination(const FaultAction& action) {
  if (action.controller != ControllerFault::None) {
    FaultAction rest = action;
    rest.controller = ControllerFault::None;
    if (any(rest)) {
      return refuse(
          "controller stands alone, since the command that it befalls never completes: add another "
          "fault for the rest");
    }
  }
  if (action.drop && (action.status_field || action.completion != CompletionFault::None)) {
    return refuse(
        "a dropped command has no completion: leave out drop, or status_field and completion");
  }
  if (action.drop && action.delay_ns != 0 && !action.torn) {
    return refuse("a dropped command is not executed, now or later: leave out drop or delay_ns");
  }
  if (action.corruption && !action.torn && (action.drop || action.status_field)) {
    return refuse(
        "corruption needs a command that is executed: leave out drop and status_field, or add torn "
        "for a write");
  }
  if (action.torn && action.corruption && action.corruption->data == CorruptedData::ToHost) {
    return refuse("a write gives the host no data: corrupt Stored, or leave out torn");
  }
  return {};
}

}  // namespace

FaultedCommand faulted_command(uint16_t controller_id, uint16_t queue_id,
                               const spec::SubmissionQueueEntry& sqe) {
  FaultedCommand command{controller_id, queue_id, sqe.opc, sqe.nsid, {}};
  if (queue_id != 0 && has_lbas(sqe.opc)) {
    command.lbas = {sqe.cdw10 | uint64_t{sqe.cdw11} << 32,
                    uint64_t{spec::read_cdw12::nlb.get(sqe.cdw12)} + 1};
  }
  return command;
}

bool concerns(const FaultAction& action, bool admin, uint8_t opcode) {
  const bool writes = opcode == spec::nvm_opcode::write || opcode == spec::nvm_opcode::write_zeroes;
  const bool stores = writes && !admin;
  if (action.torn && !stores) return false;
  if (!action.corruption) return true;
  if (action.corruption->data == CorruptedData::Stored) return stores;
  constexpr uint8_t kControllerToHost = 2;  // bits 1:0 of every opcode say which way data goes
  return (opcode & kControllerToHost) != 0;
}

Status validate(const Fault& fault) {
  const FaultMatch& match = fault.match;
  const FaultAction& action = fault.action;
  NVM_TRY(validate_match(match));
  NVM_TRY(validate_values(action));
  if (!any(action)) return refuse("the action does nothing: give delay_ns, drop or another");
  NVM_TRY(validate_combination(action));
  const std::optional<bool> admin = is_admin(match);
  const bool about_writes =
      action.torn || (action.corruption && action.corruption->data == CorruptedData::Stored);
  if (about_writes &&
      (admin == true || (match.opcode && !concerns(action, false, *match.opcode)))) {
    return refuse(
        "torn and corruption of Stored need a Write (01h) or Write Zeroes (08h) on an I/O queue: "
        "correct opcode and queues, or leave them out");
  }
  if (match.opcode && !about_writes && !concerns(action, false, *match.opcode)) {
    return refuse(
        "corruption of ToHost needs a command that gives the host data, such as Read (02h): "
        "correct opcode, or leave it out");
  }
  return {};
}

uint64_t TornWrite::byte_length(uint64_t data_byte_length, uint32_t lba_byte_length) const {
  return std::min(data_byte_length, uint64_t{blocks} * lba_byte_length + bytes);
}

uint64_t CorruptedByte::offset(uint64_t data_byte_length, uint32_t lba_byte_length) const {
  const uint64_t first = uint64_t{first_block} * lba_byte_length;
  // The data may be shorter than its blocks, when the command is judged invalid or truncated.
  if (block_count == 0 || first >= data_byte_length) return place % data_byte_length;
  const uint64_t length =
      std::min(uint64_t{block_count} * lba_byte_length, data_byte_length - first);
  return first + place % length;
}

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// One fault alone: what validation refuses and says, and where data is hit.
#include "emulator/faults/fault.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>

namespace nvm::emulator {
namespace {

Fault fault_with(const std::function<void(Fault&)>& change) {
  Fault fault;
  fault.action.status_field = spec::status::write_fault;
  change(fault);
  return fault;
}

Fault only(const std::function<void(FaultAction&)>& change) {
  Fault fault;
  change(fault.action);
  return fault;
}

// What the refusal says; empty when there is none.
std::string refusal(const Fault& fault) {
  const Status status = validate(fault);
  return status.ok() ? "" : status.failure().detail;
}

bool refused(const Fault& fault, const std::string& fix) {
  const std::string detail = refusal(fault);
  CAPTURE(detail);
  return detail.starts_with("fault: ") && detail.find(fix) != std::string::npos;
}

spec::SubmissionQueueEntry entry(uint8_t opcode, uint64_t lba, uint32_t nlb) {
  spec::SubmissionQueueEntry sqe{};
  sqe.opc = opcode;
  sqe.nsid = 3;
  sqe.cdw10 = static_cast<uint32_t>(lba);
  sqe.cdw11 = static_cast<uint32_t>(lba >> 32);
  sqe.cdw12 = nlb | 0xc3ff0000;  // every other field of the dword
  return sqe;
}

TEST_CASE("a command's blocks are taken from its entry, all 64 bits of the LBA, NLB from zero") {
  const FaultedCommand read = faulted_command(1, 2, entry(spec::nvm_opcode::read, 0x123456789a, 7));
  CHECK(read.controller_id == 1);
  CHECK(read.queue_id == 2);
  CHECK(read.opcode == spec::nvm_opcode::read);
  CHECK(read.namespace_id == 3);
  CHECK(read.lbas == FaultLbas{0x123456789a, 8});
  CHECK(faulted_command(1, 2, entry(spec::nvm_opcode::verify, 0, 0xffff)).lbas.block_count ==
        65536);
}

TEST_CASE("commands without one range of blocks have none") {
  for (const uint8_t opcode : {spec::nvm_opcode::flush, spec::nvm_opcode::dataset_management,
                               spec::nvm_opcode::copy, uint8_t{0x91}}) {
    CHECK(faulted_command(0, 1, entry(opcode, 5, 5)).lbas.block_count == 0);
  }
  // Create I/O Submission Queue has the opcode of Write.
  CHECK(faulted_command(0, 0, entry(spec::nvm_opcode::write, 5, 5)).lbas.block_count == 0);
}

TEST_CASE("each action alone is valid") {
  CHECK(refusal(only([](FaultAction& a) { a.delay_ns = kFaultDelayNsMax; })) == "");
  CHECK(refusal(only([](FaultAction& a) { a.drop = true; })) == "");
  CHECK(refusal(only([](FaultAction& a) { a.status_field = 0x7fff; })) == "");
  CHECK(refusal(only([](FaultAction& a) { a.status_field = spec::status::success; })) == "");
  CHECK(refusal(only([](FaultAction& a) { a.torn = TornWrite{}; })) == "");
  CHECK(refusal(only([](FaultAction& a) { a.corruption = Corruption{}; })) == "");
  for (const CompletionFault completion :
       {CompletionFault::Duplicate, CompletionFault::UnknownCid, CompletionFault::WrongPhase}) {
    CHECK(refusal(only([&](FaultAction& a) { a.completion = completion; })) == "");
  }
  for (const ControllerFault controller :
       {ControllerFault::Stop, ControllerFault::Fatal, ControllerFault::Remove}) {
    CHECK(refusal(only([&](FaultAction& a) { a.controller = controller; })) == "");
  }
}

TEST_CASE("what means something together is valid") {
  CHECK(refusal(fault_with([](Fault& f) { f.action.delay_ns = 5; })) == "");
  CHECK(refusal(fault_with([](Fault& f) { f.action.torn = TornWrite{1, 3}; })) == "");
  CHECK(refusal(fault_with([](Fault& f) { f.action.completion = CompletionFault::Duplicate; })) ==
        "");
  CHECK(refusal(only([](FaultAction& a) {
          a.torn = TornWrite{1, 0};
          a.drop = true;
          a.delay_ns = 5;
          a.corruption = Corruption{CorruptedData::Stored, 1, 1};
        })) == "");
}

TEST_CASE("an action that does nothing is refused") {
  CHECK(refused(Fault{}, "give delay_ns, drop or another"));
}

TEST_CASE("actions that shut each other out are refused, and the message says what to leave out") {
  CHECK(refused(fault_with([](Fault& f) { f.action.controller = ControllerFault::Fatal; }),
                "add another fault for the rest"));
  CHECK(refused(fault_with([](Fault& f) { f.action.drop = true; }), "leave out drop"));
  CHECK(refused(only([](FaultAction& a) {
                  a.drop = true;
                  a.completion = CompletionFault::WrongPhase;
                }),
                "leave out drop"));
  CHECK(refused(only([](FaultAction& a) {
                  a.drop = true;
                  a.delay_ns = 1;
                }),
                "leave out drop or delay_ns"));
  CHECK(refused(fault_with([](Fault& f) { f.action.corruption = Corruption{}; }),
                "leave out drop and status_field"));
  CHECK(refused(only([](FaultAction& a) {
                  a.torn = TornWrite{};
                  a.corruption = Corruption{};
                }),
                "corrupt Stored"));
}

TEST_CASE("values out of range are refused with the range") {
  CHECK(refused(only([](FaultAction& a) { a.delay_ns = kFaultDelayNsMax + 1; }), "use drop"));
  CHECK(refused(only([](FaultAction& a) { a.status_field = 0x8000; }), "without the phase tag"));
  CHECK(refused(only([](FaultAction& a) { a.completion = static_cast<CompletionFault>(9); }),
                "completion is None"));
  CHECK(refused(only([](FaultAction& a) { a.controller = static_cast<ControllerFault>(9); }),
                "controller is None"));
  CHECK(refused(
      only([](FaultAction& a) { a.corruption = Corruption{static_cast<CorruptedData>(9), {}, 0}; }),
      "corruption.data is"));
  CHECK(refused(fault_with([](Fault& f) { f.match.queues = static_cast<FaultQueues>(9); }),
                "queues is"));
  for (const double probability : {0.0, -0.5, 1.0001, std::nan("")}) {
    CHECK(refused(fault_with([&](Fault& f) { f.match.probability = probability; }),
                  "above 0 and at most 1"));
  }
}

TEST_CASE("a match that could never hold is refused") {
  CHECK(refused(fault_with([](Fault& f) {
                  f.match.queues = FaultQueues::Admin;
                  f.match.queue_id = 1;
                }),
                "leave out queue_id"));
  CHECK(refused(fault_with([](Fault& f) {
                  f.match.queues = FaultQueues::Io;
                  f.match.queue_id = 0;
                }),
                "queue_id 0 is the admin queue"));
  CHECK(refused(fault_with([](Fault& f) { f.match.lbas = FaultLbas{4, 0}; }), "give block_count"));
  CHECK(refused(fault_with([](Fault& f) { f.match.lbas = FaultLbas{2, UINT64_MAX}; }),
                "a smaller block_count"));
  CHECK(refusal(fault_with([](Fault& f) { f.match.lbas = FaultLbas{1, UINT64_MAX}; })) == "");
  CHECK(refused(fault_with([](Fault& f) {
                  f.match.lbas = FaultLbas{0, 1};
                  f.match.queue_id = 0;
                }),
                "leave out lbas"));
  CHECK(refused(fault_with([](Fault& f) {
                  f.match.lbas = FaultLbas{0, 1};
                  f.match.opcode = spec::nvm_opcode::flush;
                }),
                "leave out lbas"));
}

TEST_CASE("faults of data need a command that moves such data") {
  const auto with = [](FaultAction action, std::optional<uint8_t> opcode, FaultQueues queues) {
    Fault fault;
    fault.action = action;
    fault.match.opcode = opcode;
    fault.match.queues = queues;
    return fault;
  };
  FaultAction torn;
  torn.torn = TornWrite{1, 0};
  FaultAction stored;
  stored.corruption = Corruption{CorruptedData::Stored, {}, 0};
  FaultAction to_host;
  to_host.corruption = Corruption{};
  for (const FaultAction& action : {torn, stored}) {
    CHECK(refusal(with(action, spec::nvm_opcode::write, FaultQueues::Io)) == "");
    CHECK(refusal(with(action, spec::nvm_opcode::write_zeroes, FaultQueues::Any)) == "");
    CHECK(refused(with(action, spec::nvm_opcode::read, FaultQueues::Io), "Write Zeroes"));
    CHECK(refused(with(action, {}, FaultQueues::Admin), "on an I/O queue"));
  }
  CHECK(refusal(with(to_host, spec::nvm_opcode::read, FaultQueues::Io)) == "");
  CHECK(refusal(with(to_host, spec::admin_opcode::identify, FaultQueues::Admin)) == "");
  CHECK(refused(with(to_host, spec::nvm_opcode::compare, FaultQueues::Io), "such as Read"));
}

TEST_CASE("a torn write keeps its blocks and bytes, and no more than there are") {
  CHECK(TornWrite{0, 0}.byte_length(4096, 512) == 0);
  CHECK(TornWrite{3, 0}.byte_length(4096, 512) == 1536);
  CHECK(TornWrite{1, 100}.byte_length(4096, 512) == 612);
  CHECK(TornWrite{UINT32_MAX, UINT32_MAX}.byte_length(4096, 4096) == 4096);
}

TEST_CASE("a corrupted byte lies in the blocks that were meant, wherever the data ends") {
  const auto at = [](uint32_t first_block, uint32_t block_count, uint64_t place) {
    CorruptedByte byte;
    byte.first_block = first_block;
    byte.block_count = block_count;
    byte.place = place;
    return byte.offset(8 * 512, 512);
  };
  CHECK(at(0, 0, 4095) == 4095);
  CHECK(at(0, 0, 4096) == 0);
  CHECK(at(2, 3, 0) == 1024);
  CHECK(at(2, 3, 3 * 512 - 1) == 2559);
  CHECK(at(2, 3, 3 * 512) == 1024);
  CHECK(at(7, 3, UINT64_MAX) < 4096);
  CHECK(at(8, 3, UINT64_MAX) < 4096);
}

TEST_CASE("what an effect says about execution") {
  FaultEffect effect;
  CHECK_FALSE(effect.any());
  CHECK(effect.executes());
  effect.status_field = spec::status::success;
  CHECK(effect.any());
  CHECK_FALSE(effect.executes());
  effect.torn = TornWrite{};
  CHECK(effect.executes());
  effect.drop = true;
  CHECK(effect.executes());
  effect.controller = ControllerFault::Stop;
  CHECK_FALSE(effect.executes());
  CHECK(effect.corrupts(CorruptedData::ToHost) == nullptr);
  effect.corruption = CorruptedByte{CorruptedData::Stored, 1, 0, 0, 0};
  CHECK(effect.corrupts(CorruptedData::ToHost) == nullptr);
  CHECK(effect.corrupts(CorruptedData::Stored) == &*effect.corruption);
}

}  // namespace
}  // namespace nvm::emulator

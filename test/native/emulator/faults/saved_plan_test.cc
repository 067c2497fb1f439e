// SPDX-License-Identifier: MIT
// A plan that was saved goes on exactly, and nothing else is taken for one.
#include <doctest/doctest.h>

#include <algorithm>

#include "emulator/faults/fault_plan.h"

namespace nvm::emulator {
namespace {

const FaultedCommand kWrite{5, 3, spec::nvm_opcode::write, 2, {120, 16}};

// Every field away from its default.
Fault full() {
  Fault fault;
  fault.match.controller_id = 5;
  fault.match.queues = FaultQueues::Io;
  fault.match.queue_id = 3;
  fault.match.opcode = spec::nvm_opcode::write;
  fault.match.namespace_id = 2;
  fault.match.lbas = FaultLbas{100, 50};
  fault.match.nth = 2;
  fault.match.every = 3;
  fault.match.probability = 0.75;
  fault.match.seed = 0x123456789abcdef0;
  fault.action.delay_ns = 7'000'000'000;
  fault.action.status_field = spec::status::write_fault | spec::status::more;
  fault.action.torn = TornWrite{3, 77};
  fault.action.corruption = Corruption{CorruptedData::Stored, 0x1122334455, 0};
  fault.action.completion = CompletionFault::UnknownCid;
  fault.times = 9;
  return fault;
}

FaultPlan used_plan() {
  FaultPlan plan(77);
  REQUIRE(plan.add(full()).ok());
  Fault lost;
  lost.match.probability = 0.3;
  lost.action.drop = true;
  REQUIRE(plan.add(lost).ok());
  Fault gone;
  gone.match.nth = 1000;
  gone.action.controller = ControllerFault::Remove;
  REQUIRE(plan.add(gone).ok());
  REQUIRE(plan.remove(2));
  REQUIRE(plan.add(lost).ok());
  for (unsigned i = 0; i < 20; i++) plan.consult(kWrite);
  return plan;
}

TEST_CASE("a loaded plan goes on as the saved one") {
  FaultPlan plan = used_plan();
  FaultPlan loaded;
  REQUIRE(loaded.load(plan.save()).ok());
  CHECK(loaded.save() == plan.save());
  unsigned struck = 0;
  for (unsigned i = 0; i < 1000; i++) {
    const FaultEffect effect = plan.consult(kWrite);
    struck += effect.any();
    REQUIRE(loaded.consult(kWrite) == effect);
  }
  CHECK(struck > 200);
  for (const uint32_t id : {1u, 2u, 3u, 4u}) CHECK(loaded.hits(id) == plan.hits(id));
  CHECK(loaded.hits(1) == 9);
  CHECK(loaded.hits(3) == 1);
  // Ids and the generators of later faults go on as well.
  Fault late;
  late.match.probability = 0.5;
  late.action.delay_ns = 1;
  CHECK(plan.add(late).value() == 5);
  CHECK(loaded.add(late).value() == 5);
  for (unsigned i = 0; i < 64; i++) REQUIRE(loaded.consult(kWrite) == plan.consult(kWrite));
}

TEST_CASE("saved bytes that are cut off anywhere, or longer, are refused and change nothing") {
  const std::vector<std::byte> saved = used_plan().save();
  FaultPlan plan;
  Fault kept;
  kept.action.drop = true;
  REQUIRE(plan.add(kept).ok());
  const std::vector<std::byte> before = plan.save();
  for (size_t length = 0; length < saved.size(); length++) {
    REQUIRE_FALSE(plan.load(std::span(saved).first(length)).ok());
  }
  std::vector<std::byte> longer = saved;
  longer.push_back(std::byte{0});
  CHECK_FALSE(plan.load(longer).ok());
  CHECK(plan.save() == before);
}

TEST_CASE("any byte of a saved plan may be wrong: it is refused, or makes a plan that is valid") {
  const std::vector<std::byte> saved = used_plan().save();
  unsigned refused = 0;
  for (size_t i = 0; i < saved.size(); i++) {
    for (const uint8_t flip : {0x01, 0x80, 0xff}) {
      std::vector<std::byte> damaged = saved;
      damaged[i] ^= std::byte{flip};
      FaultPlan plan;
      if (!plan.load(damaged).ok()) {
        refused++;
        REQUIRE(plan.empty());
        continue;
      }
      for (unsigned round = 0; round < 3; round++) plan.consult(kWrite);
      FaultPlan again;
      REQUIRE(again.load(plan.save()).ok());
    }
  }
  CHECK(refused > 0);
}

TEST_CASE("a saved fault that add() would refuse is refused with its reason") {
  const auto delayed = [](uint64_t delay_ns) {
    Fault fault;
    fault.action.delay_ns = delay_ns;
    FaultPlan plan;
    REQUIRE(plan.add(fault).ok());
    return plan.save();
  };
  std::vector<std::byte> saved = delayed(1);
  const std::vector<std::byte> other = delayed(2);
  const auto at = std::ranges::mismatch(saved, other).in1;
  REQUIRE(at != saved.end());
  *at = std::byte{0};
  FaultPlan plan;
  const Status status = plan.load(saved);
  REQUIRE_FALSE(status.ok());
  CHECK(status.failure().detail.find("the action does nothing") != std::string::npos);
}

TEST_CASE("another version is refused with both numbers") {
  std::vector<std::byte> saved = used_plan().save();
  saved[4] = std::byte{2};
  FaultPlan plan;
  const Status status = plan.load(saved);
  REQUIRE_FALSE(status.ok());
  CHECK(status.failure().detail.find("version 2 is not known, only 1") != std::string::npos);
}

TEST_CASE("a saved plan cannot have more faults than a plan, nor ids out of order") {
  FaultPlan plan;
  Fault fault;
  fault.action.drop = true;
  for (unsigned i = 0; i < 2; i++) REQUIRE(plan.add(fault).ok());
  const std::vector<std::byte> saved = plan.save();
  constexpr size_t kNextId = 16;
  constexpr size_t kCount = 20;
  constexpr size_t kFirstId = 24;
  FaultPlan loaded;
  std::vector<std::byte> damaged = saved;
  damaged[kCount + 1] = std::byte{0xff};
  CHECK_FALSE(loaded.load(damaged).ok());
  damaged = saved;
  damaged[kFirstId] = std::byte{2};
  CHECK_FALSE(loaded.load(damaged).ok());
  damaged = saved;
  damaged[kNextId] = std::byte{2};
  CHECK_FALSE(loaded.load(damaged).ok());
  CHECK(loaded.load(saved).ok());
}

}  // namespace
}  // namespace nvm::emulator

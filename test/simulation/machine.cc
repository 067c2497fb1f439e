// SPDX-License-Identifier: MIT
#include "machine.h"

#include <algorithm>

namespace nvm::simulation {
namespace {

// Commands take any time up to a limit, and are sometimes put off: they complete in any order.
class SeededDelays final : public emulator::TimingModel {
 public:
  SeededDelays(uint64_t delay_ns_max, unsigned retry_percent, Random& random)
      : delay_ns_max_(delay_ns_max), retry_percent_(retry_percent), random_(random) {}

  emulator::Schedule schedule(const emulator::TimedCommand&, uint64_t now_ns) override {
    if (random_.chance(10)) return {now_ns, false};
    return {now_ns + random_.between(1, delay_ns_max_), random_.chance(retry_percent_)};
  }

 private:
  const uint64_t delay_ns_max_;
  const unsigned retry_percent_;
  Random& random_;
};

template <class Set>
emulator::FaultAction with(Set set) {
  emulator::FaultAction action;
  set(action);
  return action;
}

constexpr uint64_t kVirtualTimeMax = 3'600ull * 1'000'000'000;

}  // namespace

Geometry::Geometry(Random& random, bool is_shared) : shared(is_shared) {
  namespace_count = random.chance(20) ? 2 : 1;
  block_byte_length = random.chance(50) ? 512 : 4096;
  block_count = random.skewed(16, block_byte_length == 512 ? 1024 : 192);
  const uint64_t kind = random.below(3);
  store = kind == 0 ? StoreKind::Memory : kind == 1 ? StoreKind::Immediate : StoreKind::Delayed;
  store_fail_percent = store == StoreKind::Delayed && random.chance(25) ? 5 : 0;
  // Memory is written to behind the store's back, so it cannot forget.
  loses = store != StoreKind::Memory && random.chance(60);
  // Data and metadata are one only where nothing comes between them.
  is_protected = store != StoreKind::Delayed && !loses && random.chance(40);
  delay_ns_max = random.chance(50) ? random.skewed(100, 2'000'000) : 0;
  retry_percent = random.chance(30) ? 20 : 0;
  faults = random.chance(30);
  host_count = !shared && random.chance(30) ? 2 : 1;
  transport.limits.io_queue_pairs_max = static_cast<uint16_t>(random.skewed(4, 128));
  transport.limits.queue_entries_max = static_cast<uint32_t>(random.skewed(16, 4096));
  transport.limits.mdts = static_cast<uint8_t>(random.between(1, 6));
  transport.limits.interrupt_vectors_max = static_cast<uint16_t>(random.skewed(1, 129));
  transport.guarded = random.chance(20);
  transport.scattered = random.chance(50);
}

Machine::Machine(const Geometry& geometry, Random& random, Report& report)
    : geometry_(geometry), random_(random), report_(report) {
  subsystem_ = std::make_unique<emulator::Subsystem>(emulator::Identity{});
  for (uint32_t i = 0; i < geometry.namespace_count; i++) {
    auto store = std::make_unique<SimulatedStore>(
        SimulatedStoreOptions{geometry.store, geometry.block_count * geometry.block_byte_length,
                              geometry.block_byte_length, geometry.store_fail_percent},
        random);
    stores_.push_back(store.get());
    std::unique_ptr<emulator::TimingModel> timing;
    if (geometry.delay_ns_max != 0) {
      timing =
          std::make_unique<SeededDelays>(geometry.delay_ns_max, geometry.retry_percent, random);
    }
    emulator::NamespaceFormat format;
    format.lba_format = geometry.block_byte_length == 512 ? 0 : 1;
    std::unique_ptr<SimulatedStore> metadata;
    if (geometry.is_protected) {
      format.lba_format += 2;
      format.protection_type = 1;
      const uint64_t byte_length = geometry.block_count * sizeof(spec::ProtectionInformation);
      metadata = std::make_unique<SimulatedStore>(
          SimulatedStoreOptions{geometry.store, (byte_length + 511) & ~uint64_t{511}}, random);
    }
    subsystem_->add_namespace(emulator::make_nvm_namespace(std::move(store), std::move(metadata),
                                                           format, std::move(timing)));
  }
  for (uint32_t i = 0; i < geometry.host_count; i++) {
    transports_.push_back(
        std::make_shared<SimulatedTransport>(*subsystem_, geometry.transport, random));
  }
  if (geometry.faults) install_faults();
  if (geometry.faults && geometry.shared) install_admin_faults();
}

uint32_t Machine::add_fault(unsigned percent, const emulator::FaultAction& action, uint64_t times) {
  emulator::Fault fault;
  fault.match.queues = emulator::FaultQueues::Io;
  fault.match.probability = percent / 100.0;
  fault.match.seed = random_.next();
  fault.action = action;
  fault.times = times;
  auto id = subsystem_->faults().add(fault);
  if (!id.ok()) report_.fail("a fault is refused: %s", id.status().failure().detail.c_str());
  return id.ok() ? id.value() : 0;
}

// Those that cost a queue or a controller a few times only, so that work gets done in between.
void Machine::install_faults() {
  add_fault(10, with([&](auto& action) { action.delay_ns = random_.skewed(1, 1'000'000); }), 0);
  const auto seldom = [&](const emulator::FaultAction& action, uint64_t most) {
    if (const uint64_t times = random_.below(most + 1); times != 0) add_fault(1, action, times);
  };
  seldom(with([&](auto& action) { action.drop = true; }), 3);
  seldom(with([&](auto& action) { action.completion = emulator::CompletionFault::Duplicate; }), 8);
  seldom(with([&](auto& action) { action.completion = emulator::CompletionFault::UnknownCid; }), 2);
  seldom(with([&](auto& action) { action.completion = emulator::CompletionFault::WrongPhase; }), 2);
  if (!geometry_.shared) {
    seldom(with([&](auto& action) { action.controller = emulator::ControllerFault::Stop; }), 1);
    seldom(with([&](auto& action) { action.controller = emulator::ControllerFault::Fatal; }), 1);
    seldom(with([&](auto& action) { action.controller = emulator::ControllerFault::Remove; }), 1);
  }
  emulator::TornWrite torn;
  torn.blocks = static_cast<uint32_t>(random_.below(4));
  // One of the two: together they would be a write that was executed with a status that denies it.
  if (random_.chance(70)) {
    add_fault(3, with([&](auto& action) { action.status_field = kInjectedStatus; }), 0);
  } else {
    seldom(with([&](auto& action) { action.status_field = kTornStatus, action.torn = torn; }), 4);
  }
  seldom(with([&](auto& action) { action.drop = true, action.torn = torn; }), 1);
  if (random_.chance(30))
    flips_ =
        add_fault(2, with([&](auto& action) { action.corruption = emulator::Corruption{}; }), 0);
}

// Of what clients have, in the main: queues that are not made, or not deleted, and late answers.
void Machine::install_admin_faults() {
  const auto add = [&](uint8_t opcode, unsigned percent, uint64_t times, auto set) {
    emulator::Fault fault;
    fault.match.queues = emulator::FaultQueues::Admin;
    fault.match.opcode = opcode;
    fault.match.probability = percent / 100.0;
    fault.match.seed = random_.next();
    fault.times = times;
    set(fault.action);
    if (times != 0 && !subsystem_->faults().add(fault).ok()) report_.fail("a fault is refused");
  };
  namespace opcode = spec::admin_opcode;
  for (const uint8_t each :
       {opcode::create_io_completion_queue, opcode::create_io_submission_queue,
        opcode::delete_io_submission_queue, opcode::delete_io_completion_queue, opcode::identify}) {
    const uint64_t delay_ns = random_.skewed(1, 3'000'000'000);
    add(each, 20, 8, [=](auto& action) { action.delay_ns = delay_ns; });
    add(each, 5, random_.below(3), [](auto& action) { action.drop = true; });
  }
  add(opcode::create_io_completion_queue, 5, random_.below(3),
      [](auto& action) { action.status_field = kInjectedStatus; });
}

bool Machine::step() {
  return subsystem_->step(clock_);
}

bool Machine::end_store_operation() {
  const size_t first = random_.below(stores_.size());
  for (size_t i = 0; i < stores_.size(); i++) {
    if (stores_[(first + i) % stores_.size()]->end_one()) return true;
  }
  return false;
}

void Machine::advance(unsigned empty_rounds) {
  const uint64_t next_ns = subsystem_->next_event_ns();
  const uint64_t pause_ns = 1000ull << std::min(empty_rounds, 20u);
  // Where others wait for each other too, the device's next moment is not always theirs.
  const uint64_t leap_ns_max =
      geometry_.shared ? std::max<uint64_t>(pause_ns, 1'000'000) : UINT64_MAX;
  if (next_ns != UINT64_MAX && next_ns > clock_.now) {
    clock_.now += std::min(next_ns - clock_.now, leap_ns_max);
  } else {
    clock_.now += pause_ns;
  }
  if (clock_.now > kVirtualTimeMax) report_.fail("more than an hour of virtual time has passed");
}

void Machine::settle() {
  while (end_store_operation() || step()) {
  }
}

void Machine::crash() {
  for (const auto& each : transports_) each->controller().reset();
  for (SimulatedStore* store : stores_) store->crash();
  while (step()) {
  }
}

void Machine::replug(uint32_t host) {
  transports_[host] =
      std::make_shared<SimulatedTransport>(*subsystem_, geometry_.transport, random_);
}

void Machine::end_faults() {
  flips_before_ = subsystem_->faults().hits(flips_);
  subsystem_->faults().clear();
}

bool Machine::idle() {
  bool idle = true;
  subsystem_->for_each_namespace(
      [&](const emulator::Namespace& ns) { idle &= ns.in_flight == 0 && ns.unmarking.empty(); });
  return idle;
}

// How a driver that waits lets time pass.
void Machine::pause(unsigned empty_rounds) {
  clock_.now += random_.below(2000);
  if (random_.one_in(4)) return;
  if (step()) return;
  if (end_store_operation()) return;
  advance(empty_rounds);
}

}  // namespace nvm::simulation

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
  void run_until(uint64_t) override {}

 private:
  const uint64_t delay_ns_max_;
  const unsigned retry_percent_;
  Random& random_;
};

void install_faults(emulator::FaultPlan& plan, Random& random) {
  const auto add = [&](unsigned percent, const emulator::FaultAction& action, uint64_t times) {
    emulator::Fault fault;
    fault.match.queues = emulator::FaultQueues::Io;
    fault.match.probability = percent / 100.0;
    fault.match.seed = random.next();
    fault.action = action;
    fault.times = times;
    (void)plan.add(fault);
  };
  emulator::FaultAction action;
  action.status_field = kInjectedStatus;
  add(3, action, 0);
  action = {};
  action.drop = true;
  add(1, action, random.below(4));
  action = {};
  action.delay_ns = random.skewed(1, 1'000'000);
  add(10, action, 0);
}

constexpr uint64_t kVirtualTimeMax = 3'600ull * 1'000'000'000;

}  // namespace

Geometry::Geometry(Random& random) {
  namespace_count = random.chance(20) ? 2 : 1;
  block_byte_length = random.chance(50) ? 512 : 4096;
  block_count = random.skewed(16, block_byte_length == 512 ? 1024 : 192);
  const uint64_t kind = random.below(3);
  store = kind == 0 ? StoreKind::Memory : kind == 1 ? StoreKind::Immediate : StoreKind::Delayed;
  store_fail_percent = store == StoreKind::Delayed && random.chance(25) ? 5 : 0;
  // Memory is written to behind the store's back, so it cannot forget.
  loses = store != StoreKind::Memory && random.chance(60);
  delay_ns_max = random.chance(50) ? random.skewed(100, 2'000'000) : 0;
  retry_percent = random.chance(30) ? 20 : 0;
  faults = random.chance(30);
  transport.limits.io_queue_pairs_max = static_cast<uint16_t>(random.skewed(4, 128));
  transport.limits.queue_entries_max = static_cast<uint32_t>(random.skewed(16, 4096));
  transport.limits.mdts = static_cast<uint8_t>(random.between(1, 6));
  transport.limits.interrupt_vectors_max = static_cast<uint16_t>(random.skewed(1, 129));
  transport.guarded = random.chance(20);
  transport.scattered = random.chance(50);
}

Machine::Machine(const Geometry& geometry, Random& random, Report& report)
    : random_(random), report_(report) {
  auto subsystem = std::make_unique<emulator::Subsystem>(emulator::Identity{});
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
    subsystem->add_namespace(emulator::make_nvm_namespace(
        std::move(store), geometry.block_byte_length, std::move(timing)));
  }
  transport_ =
      std::make_shared<SimulatedTransport>(std::move(subsystem), geometry.transport, random);
  if (geometry.faults) install_faults(transport_->subsystem().faults(), random);
}

bool Machine::step() {
  return transport_->subsystem().step(clock_);
}

bool Machine::end_store_operation() {
  const size_t first = random_.below(stores_.size());
  for (size_t i = 0; i < stores_.size(); i++) {
    if (stores_[(first + i) % stores_.size()]->end_one()) return true;
  }
  return false;
}

void Machine::advance(unsigned empty_rounds) {
  const uint64_t next_ns = transport_->subsystem().next_event_ns();
  if (next_ns != UINT64_MAX && next_ns > clock_.now) {
    clock_.now = next_ns;
  } else {
    clock_.now += 1000ull << std::min(empty_rounds, 20u);
  }
  if (clock_.now > kVirtualTimeMax) report_.fail("more than an hour of virtual time has passed");
}

void Machine::crash() {
  transport_->controller().reset();
  for (SimulatedStore* store : stores_) store->crash();
  while (step()) {
  }
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

// SPDX-License-Identifier: MIT
// The device of one seed: geometry, stores and timing drawn from the seed, stepped by whoever
// waits, on a clock that only waiting moves.
#pragma once

#include <memory>
#include <vector>

#include "random.h"
#include "report.h"
#include "simulated_store.h"
#include "simulated_transport.h"
#include "spec/nvme.h"

namespace nvm::simulation {

struct Geometry {
  explicit Geometry(Random& random);

  uint32_t namespace_count;
  uint32_t block_byte_length;
  uint64_t block_count;
  StoreKind store;
  unsigned store_fail_percent;
  bool loses;
  uint64_t delay_ns_max;  // 0: no timing model
  unsigned retry_percent;
  bool faults;  // commands are refused, delayed and lost
  SimulatedTransportOptions transport;
};

// The status of commands that a fault refuses: nothing of them was executed.
constexpr uint16_t kInjectedStatus = spec::status::internal_error;

class Machine final : public Waiter {
 public:
  Machine(const Geometry& geometry, Random& random, Report& report);

  // One step of the device.
  bool step();
  // Ends an operation of a delayed store; false when none is under way.
  bool end_store_operation();
  // To the next moment at which the device has something to do.
  void advance(unsigned empty_rounds);
  // Resets the device and loses what its medium had not made durable.
  void crash();
  bool faulty() { return !transport_->subsystem().faults().empty(); }
  void end_faults() { transport_->subsystem().faults().clear(); }

  uint64_t now_ns() override { return clock_.now; }
  void pause(unsigned empty_rounds) override;

  const std::shared_ptr<SimulatedTransport>& transport() { return transport_; }

 private:
  Random& random_;
  Report& report_;
  VirtualClock clock_;
  std::vector<SimulatedStore*> stores_;
  std::shared_ptr<SimulatedTransport> transport_;
};

}  // namespace nvm::simulation

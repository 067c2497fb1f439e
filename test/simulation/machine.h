// SPDX-License-Identifier: MIT
// The device of one seed: geometry, stores and timing drawn from the seed, stepped by whoever
// waits, on a clock that only waiting moves. It has a controller for each host.
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
  explicit Geometry(Random& random, bool shared = false);

  uint32_t namespace_count;
  uint32_t block_byte_length;
  uint64_t block_count;
  StoreKind store;
  unsigned store_fail_percent;
  bool loses;
  uint64_t delay_ns_max;  // 0: no timing model
  unsigned retry_percent;
  bool is_protected;  // blocks have protection information
  bool faults;        // commands are refused, delayed, lost, corrupted; controllers fail
  bool shared;  // by clients in other processes: then admin commands suffer, and no controller
  uint32_t host_count;
  SimulatedTransportOptions transport;
};

// The status of commands that a fault refuses: nothing of them was executed; and of writes that
// were executed in part.
constexpr uint16_t kInjectedStatus = spec::status::internal_error;
constexpr uint16_t kTornStatus = spec::status::write_fault;

class Machine final : public Waiter {
 public:
  Machine(const Geometry& geometry, Random& random, Report& report);

  // One step of the device.
  bool step();
  // Ends an operation of a delayed store; false when none is under way.
  bool end_store_operation();
  // To the next moment at which the device has something to do.
  void advance(unsigned empty_rounds);
  // By this much, whatever there is to do.
  void pass(uint64_t ns) { clock_.now += ns; }
  // Until no store operation is under way.
  void settle();
  // Resets every controller and loses what the medium had not made durable.
  void crash();
  // The controller of this host was pulled out; another one takes its place.
  void replug(uint32_t host);
  void end_faults();
  // Commands whose data a fault may have changed in one byte on the way to the host, less those
  // where a host has seen that.
  uint64_t flips_left() { return flips_before_ + subsystem_->faults().hits(flips_) - flips_seen_; }
  void see_flip() { flips_seen_++; }
  // Nothing that belongs to no command any more may be left in the device.
  bool idle();

  uint64_t now_ns() override { return clock_.now; }
  void pause(unsigned empty_rounds) override;

  const std::shared_ptr<SimulatedTransport>& transport(uint32_t host) { return transports_[host]; }

 private:
  void install_faults();
  void install_admin_faults();
  uint32_t add_fault(unsigned percent, const emulator::FaultAction& action, uint64_t times);

  const Geometry& geometry_;
  Random& random_;
  Report& report_;
  VirtualClock clock_;
  std::vector<SimulatedStore*> stores_;
  std::unique_ptr<emulator::Subsystem> subsystem_;
  std::vector<std::shared_ptr<SimulatedTransport>> transports_;
  uint32_t flips_ = 0;  // the fault that changes bytes
  uint64_t flips_before_ = 0;
  uint64_t flips_seen_ = 0;
};

}  // namespace nvm::simulation

// SPDX-License-Identifier: MIT
// What the processes of a simulation of sharing have in common: time, and each other.
#pragma once

#include <memory>

#include "machine.h"
#include "sharing/fiber.h"
#include "sharing/wire.h"

namespace nvm::simulation {

// What of it is so in the seed, beside the device's Geometry.
struct SharingGeometry {
  explicit SharingGeometry(Random& random, bool faults);

  uint32_t client_count;
  uint32_t stranger_count;
  uint32_t clients_max;
  uint32_t queue_pairs_max;
  uint32_t mappings_max;
  uint64_t mapped_bytes_max;
  WireOptions wire;
  uint64_t leap_ns_max;  // of time that passes at once now and then
  bool is_lossy() const {
    return wire.requests_lost_per_mille != 0 || wire.replies_lost_per_mille != 0;
  }
};

// In a fiber: the others go on meanwhile.
class FiberWaiter final : public Waiter {
 public:
  FiberWaiter(Machine& machine, Random& random) : machine_(machine), random_(random) {}
  uint64_t now_ns() override { return machine_.now_ns(); }
  void pause(unsigned) override {
    machine_.pass(random_.below(2000));
    Fiber::yield();
  }

 private:
  Machine& machine_;
  Random& random_;
};

// Where clients find the manager, and what they know of it.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // Null: nobody serves.
  virtual std::shared_ptr<Wire> connect() = 0;
  // Whether the manager has let go of all that the client with this port had.
  virtual bool has_let_go(ino_t port_name) = 0;
  // The client with this port names what it likes.
  virtual void distrust(ino_t port_name) = 0;
  // Grows with each manager that ends, and each reset: what was asked before may fail.
  virtual uint64_t upheavals() const = 0;
  virtual bool is_ending() const = 0;
};

}  // namespace nvm::simulation

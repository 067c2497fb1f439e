// SPDX-License-Identifier: MIT
// The emulator as a transport of a simulation: no thread, no parking. Whoever waits steps the
// device. It also counts what must come out even: mappings, and interrupts that wake somebody.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "emulator/subsystem.h"
#include "memory/io_address_space.h"
#include "random.h"
#include "transport/transport.h"

namespace nvm::simulation {

// Consumers of its own process have numbers from here on instead of descriptors: nothing is
// written to them. Below are sockets, of clients.
constexpr int kFirstSleeper = 1 << 20;

class SimulatedPort;

struct SimulatedTransportOptions {
  emulator::PcieControllerLimits limits;
  bool guarded = false;    // copies run under the SIGBUS guard, as for foreign memory
  bool scattered = false;  // buffers of data get several runs of I/O addresses
};

class SimulatedTransport final : public Transport {
 public:
  // To a new controller of `subsystem`, which outlives it.
  SimulatedTransport(emulator::Subsystem& subsystem, const SimulatedTransportOptions& options,
                     Random& random);
  ~SimulatedTransport() override { controller_.set_interrupt_sink(nullptr); }

  emulator::PcieController& controller() { return controller_; }

  // The next buffer to be mapped may get several runs: queues must not.
  void scatter_next() { scatter_ = scattered_; }
  size_t mapping_count() const { return mappings_.size(); }
  // Whether the consumer whose WakeTarget::fd is `sleeper` was woken since the last call.
  bool take_wake(int sleeper) { return wakes_.woken.erase(sleeper) != 0; }

  const Capabilities& capabilities() const override { return capabilities_; }
  uint32_t read_register32(uint32_t offset) override;
  uint64_t read_register64(uint32_t offset) override;
  void write_register32(uint32_t offset, uint32_t value) override;
  void write_register64(uint32_t offset, uint64_t value) override;
  Doorbells doorbells() override;
  volatile void* bar() override { return controller_.bar(); }
  size_t bar_byte_length() override { return emulator::kBarByteLength; }
  Result<Mapping> map(const Buffer& buffer) override;
  Status unmap(const Mapping& mapping) override;
  Status bind_wake(uint16_t vector, const WakeTarget& target) override;
  Result<std::unique_ptr<ClientPort>> open_port(const SharingPolicy& policy) override;
  Status reset() override;

  // The process that drives it is killed: the controller is reset, and nothing that is done through
  // this object reaches it any more.
  void die();
  // Its clients' ports, in the order in which they were opened.
  const std::vector<SimulatedPort*>& ports() const { return ports_; }
  // How often the device went to memory of clients that was unmapped.
  uint64_t trap_hits() const { return trap_hits_; }
  // Vectors that announce completions to clients.
  size_t client_wake_count() const;

 private:
  friend class SimulatedPort;
  class WakeTable final : public emulator::InterruptSink {
   public:
    explicit WakeTable(size_t count) : targets(count) {}
    void raise(uint16_t vector) override;

    std::vector<WakeTarget> targets;
    std::set<int> woken;
  };

  Random& random_;
  const bool guarded_;
  const bool scattered_;
  Capabilities capabilities_;
  WakeTable wakes_;  // outlives the device that raises into it
  emulator::PcieController& controller_;
  IoAddressSpace io_addresses_;
  std::map<uint64_t, std::vector<IoRun>> mappings_;  // by handle
  uint64_t next_handle_ = 1;
  bool scatter_ = false;
  bool dead_ = false;
  uint64_t trap_hits_ = 0;
  std::vector<SimulatedPort*> ports_;
};

}  // namespace nvm::simulation

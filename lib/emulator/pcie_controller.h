// SPDX-License-Identifier: MIT
// The PCIe front end of an emulated controller: registers, doorbells, fetching SQEs, posting CQEs.
// It turns what the host wrote into commands for a namespace's executor and never blocks. All calls
// are made while holding the device's baton (emulator/runner.h); it reads no clock of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "emulator/bar.h"
#include "emulator/domain.h"
#include "emulator/host.h"
#include "platform/clock.h"

namespace nvm::emulator {

class ControllerState;
class Subsystem;
struct Statistics;

// Takes a controller's interrupts. Called with the baton held, after the completions are in memory;
// must not block or call back.
class InterruptSink {
 public:
  virtual ~InterruptSink() = default;
  virtual void raise(uint16_t vector) = 0;
  // The level of the pin interrupt, while it is used.
  virtual void set_pin(bool asserted) {}
};

struct PcieControllerLimits {
  uint16_t io_queue_pairs_max = 128;     // at most 511: what one page of doorbells holds
  uint32_t queue_entries_max = 4096;     // CAP.MQES + 1, 2 … 65536
  uint8_t mdts = 5;                      // 2^mdts pages of 4 KiB: 128 KiB; at most 16; 0: no limit
  uint16_t interrupt_vectors_max = 129;  // one per I/O queue pair and the admin queue's 0
};

class PcieController {
 public:
  PcieController(Subsystem& subsystem, const PcieControllerLimits& limits);
  ~PcieController();

  // Registers; `byte_length` 4 or 8, offset aligned to it. Unknown offsets read 0 and ignore
  // writes. Offsets from kDoorbellOffset on are doorbells: the way of hosts that have not mapped
  // them.
  uint64_t read_register(uint32_t offset, unsigned byte_length);
  void write_register(uint32_t offset, uint64_t value, unsigned byte_length);

  // kBarByteLength bytes of shared memory, and its memfd, which other processes can read.
  std::byte* bar();
  int bar_fd() const;
  UniqueFd share_doorbells();  // as Bar's
  std::atomic<uint32_t>& sleeping();
  NamespaceChanges& namespace_changes();

  // Where queues of the owner live, and what its commands reach.
  Domain& domain();

  // Clients with which the owner shares the controller. A client's queues are made by the owner's
  // admin commands, under ids that were assigned to it before, and live in its domain.

  // Null when the system has no memory for its doorbells.
  ClientHost* add_client(std::optional<CommandPolicy> policy);
  // False while it has queues, or commands that have not ended.
  bool remove_client(ClientHost& client);
  // After reset(): whoever owns it next has no clients. One that something still works for stays,
  // and has no queue numbers.
  void forget_clients();
  // The owner and clients of whom commands were fetched since this was asked last.
  uint32_t count_busy_hosts();
  // Whose a queue is that is made under this id from now on; null: the owner's. At most
  // io_queue_pairs_max.
  void assign_queue(uint16_t id, ClientHost* client);
  // Whose memory the pointers of the next admin command with this CID name. Before it is rung.
  void assign_admin_command(uint16_t cid, ClientHost& client);

  // Null: interrupts go nowhere. After the call the old sink is not touched again.
  void set_interrupt_sink(InterruptSink* sink);

  // Whether the sink wants to hear of the pin; not at first. While it does and the pin is asserted,
  // the host is asked to ring when it takes entries, also where it has shadow doorbells.
  void use_pin(bool used);
  // Tells the sink the level of this moment; otherwise step() and write_register() do.
  void update_pin();
  bool pin_level() const;

  // Without it (PCI's Bus Master Enable) no command is fetched and no completion posted.
  void set_bus_master(bool enabled);

  // CC.EN=0 and every register back to its default: function-level reset.
  void reset();

  // The same as part of an NVM subsystem reset, which CSTS.NSSRO then tells of.
  void reset_with_subsystem();

  // True when a queue's memory overlaps [first, first + byte_length).
  bool uses(uint64_t first, uint64_t byte_length) const;

  // Does what the doorbells ask for, a bounded amount; true when anything was done.
  bool step(Clock& clock);
  // When step() next has something to do although no submission doorbell rings and no store
  // operation ends (UINT64_MAX: never; 0: soon, since a completion queue is full).
  uint64_t next_event_ns() const;

  const Statistics& statistics() const;

  // For the other parts of the device.
  ControllerState& state() { return *state_; }

 private:
  std::unique_ptr<ControllerState> state_;
};

}  // namespace nvm::emulator

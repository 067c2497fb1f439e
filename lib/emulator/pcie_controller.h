// SPDX-License-Identifier: MIT
// The PCIe front end of an emulated controller: registers, doorbells, fetching SQEs, posting CQEs. It
// turns what the host wrote into commands for a namespace's executor and never blocks. All calls are made
// while holding the device's baton (emulator/runner.h); it reads no clock of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "emulator/domain.h"
#include "platform/clock.h"

namespace nvm::emulator {

class Subsystem;

// The BAR as memory: page 0 registers (a view kept current), page 1 doorbells (DSTRD 0), page 2 the
// `sleeping` word, which only hosts that share our memory see.
constexpr size_t kBarByteLength = 0x3000;
constexpr size_t kDoorbellOffset = 0x1000;
constexpr size_t kSleepingOffset = 0x2000;

// Takes a controller's interrupts. Called with the baton held; must not block or call back.
class InterruptSink {
 public:
  virtual ~InterruptSink() = default;
  virtual void raise(uint16_t vector) = 0;
};

struct PcieControllerLimits {
  uint16_t io_queue_pairs_max = 128;
  uint32_t queue_entries_max = 4096;  // CAP.MQES + 1
  uint8_t mdts = 8;                   // 2^mdts pages of 4 KiB: 1 MiB
};

class PcieController {
 public:
  PcieController(Subsystem& subsystem, const PcieControllerLimits& limits);
  ~PcieController();

  // Registers; `byte_length` 4 or 8, offset aligned to it. Unknown offsets read 0 and ignore writes. Offsets from
  // kDoorbellOffset on are doorbells: the way of hosts that have not mapped them.
  uint64_t read_register(uint32_t offset, unsigned byte_length);
  void write_register(uint32_t offset, uint64_t value, unsigned byte_length);

  // kBarByteLength bytes of shared memory, and its memfd for hosts in other processes.
  std::byte* bar();
  int bar_fd() const;
  std::atomic<uint32_t>& sleeping();

  // Every queue of this controller lives and reads in this domain.
  Domain& domain();
  void set_interrupt_sink(InterruptSink* sink);

  // CC.EN=0 and every register back to its default: function-level reset.
  void reset();

  // True when a queue's memory overlaps [first, first + byte_length).
  bool uses(uint64_t first, uint64_t byte_length) const;

  // Does what the doorbells ask for, a bounded amount; true when anything was done.
  bool step(Clock& clock);
  // When step() next has something to do although no doorbell rings (UINT64_MAX: never; 0: soon).
  uint64_t next_event_ns() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nvm::emulator

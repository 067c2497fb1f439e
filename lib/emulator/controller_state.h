// SPDX-License-Identifier: MIT
// What an emulated controller consists of. One class, its parts in one file each: registers.cc
// (enable, disable, shutdown), queue_memory.cc (where queues live), fetch.cc (doorbells to
// commands), completion.cc (results to completion queues); admin commands are functions over it.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "emulator/bar.h"
#include "emulator/pcie_controller.h"
#include "emulator/prp_walker.h"
#include "emulator/queues.h"
#include "emulator/subsystem.h"
#include "spec/nvme.h"

namespace nvm::emulator {

constexpr uint32_t kVersion = 0x20000;        // NVMe 2.0
constexpr size_t kAsyncEventRequestsMax = 4;  // Identify AERL + 1
// What an admin handler answers instead of a status: no completion now, or the command's task has
// begun and its status is the result.
constexpr uint16_t kParked = 0xffff;
constexpr uint16_t kGoesOn = 0xfffe;

struct Registers {
  uint64_t cap = 0;
  uint32_t interrupt_mask = 0;  // INTMS and INTMC
  uint32_t cc = 0;
  uint32_t csts = 0;
  uint32_t aqa = 0;
  uint64_t asq = 0;
  uint64_t acq = 0;
};

// A command that waits for a time: to complete (it was executed) or to be tried again.
struct Timed {
  uint64_t at_ns;
  uint64_t sequence;  // keeps the order of equal times
  Slot* slot;
};

inline bool later(const Timed& a, const Timed& b) {
  return a.at_ns != b.at_ns ? a.at_ns > b.at_ns : a.sequence > b.sequence;
}

class ControllerState {
 public:
  ControllerState(Subsystem& owner, const PcieControllerLimits& wanted);

  // The namespace that commands name: null when it is not attached to this controller.
  Namespace* find_namespace(uint32_t namespace_id) const {
    return subsystem.find_namespace(namespace_id);
  }

  // registers.cc
  uint64_t read_register(uint32_t offset, unsigned byte_length) const;
  void write_register(uint32_t offset, uint64_t value, unsigned byte_length);
  void reset();
  void fatal();  // CSTS.CFS: nothing more is fetched or posted until a reset

  // queue_memory.cc
  bool open_queue(QueueMemory& queue, uint64_t address, uint32_t entries, size_t entry_bytes,
                  bool device_writes);
  bool resolve_queues();
  bool uses(uint64_t first, uint64_t byte_length) const;
  void drop_commands(const SubmissionQueue* queue);  // null: of all queues
  void update_active_queues();

  // fetch.cc
  bool step(Clock& clock);
  uint64_t next_event_ns() const;

  // Finds the host memory that the command's pointers name: `slot.host_lengths` bytes.
  uint16_t find_host_memory(Slot& slot) const;

  // completion.cc
  void complete(Slot* slot);
  uint32_t room(CompletionQueue& queue, uint32_t wanted);
  void forget_interrupt(CompletionQueue& queue);

  Subsystem& subsystem;
  const PcieControllerLimits limits;
  Bar bar;
  Domain domain;
  InterruptSink* interrupt_sink = nullptr;
  Registers registers;
  uint64_t invalid_doorbells = 0;
  bool bus_master = true;

  std::vector<SubmissionQueue> submission_queues;  // by id; never resized, so pointers hold
  std::vector<CompletionQueue> completion_queues;
  std::vector<SubmissionQueue*> active;  // existing I/O submission queues
  std::vector<Slot*> event_requests;     // parked Asynchronous Event Requests
  std::vector<Timed> timed;              // heap, soonest first
  SlotPool pool;
  std::array<uint32_t, 256> features;  // current values by feature id
  uint16_t controller_id = 0;          // Identify CNTLID

 private:
  static constexpr uint32_t kBurst = 64;     // commands of one queue per step
  static constexpr uint32_t kLookAhead = 2;  // commands whose data is prefetched while one runs

  // registers.cc
  void write_cc(uint32_t value);
  void enable();
  void disable();
  bool open_admin_queues();
  void begin_shutdown();
  bool step_shutdown();
  void set_csts(uint32_t value);
  void show_registers();

  // fetch.cc
  uint32_t read_tail(SubmissionQueue& queue);
  bool fetch(SubmissionQueue& queue, Clock& clock);
  bool read_entry(const SubmissionQueue& queue, uint32_t index, Slot& slot) const;
  void prefetch(const SubmissionQueue& queue, const Slot& slot) const;
  bool execute(Slot* slot, Clock& clock);
  bool start(Slot* slot, Clock& clock);
  uint16_t resolve_data(Slot& slot) const;
  void refresh_data(Slot& slot) const;
  bool settle(Slot* slot, Progress progress);
  bool poll_pending(Clock& clock);
  bool retire_due(Clock& clock);
  bool reap_draining();

  // completion.cc
  uint32_t free_entries(CompletionQueue& queue, uint32_t wanted);
  void release(Slot* slot);
  void post(CompletionQueue& queue, const SubmissionQueue& source, const Command& command);
  bool post_waiting();
  void raise_interrupts();

  bool running_ = false;              // enabled, not fatal, not shut down
  uint64_t resolved_generation_ = 0;  // of the domain when the queues' memory was looked up
  uint64_t next_sequence_ = 0;
  bool starved_ = false;     // a queue was not fetched from for want of room for completions
  size_t first_active_ = 0;  // where the next round begins
  std::array<Slot*, kLookAhead + 1> window_;
  std::vector<Slot*> pending_;   // whose task goes on
  std::vector<Slot*> draining_;  // as pending_, but of queues that are gone: only memory to keep
  std::vector<CompletionQueue*> crowded_;  // have completions waiting for room
  std::vector<CompletionQueue*> posted_;   // have an interrupt due
  bool shutting_down_ = false;
  std::vector<std::unique_ptr<StoreOperation>> shutdown_flushes_;
};

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// What an emulated controller consists of. One class, its parts in one file each: registers.cc
// (what the host reads and writes), life.cc (enable, disable, shutdown), queue_memory.cc (where
// queues live), doorbells.cc, clients.cc (who
// shares the controller), step.cc (what is done when), arbitration.cc (whose turn it is),
// fetch.cc (entries to commands), data_pointers.cc (commands to host memory), execution.cc,
// fused.cc, fault_hooks.cc, completion.cc (results to completion queues), interrupts.cc, ending.cc
// (aborts, deletions); admin commands are functions over it.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "emulator/admin/admin_state.h"
#include "emulator/bar.h"
#include "emulator/error_log.h"
#include "emulator/events.h"
#include "emulator/host.h"
#include "emulator/pcie_controller.h"
#include "emulator/prp_walker.h"
#include "emulator/queues.h"
#include "emulator/statistics.h"
#include "emulator/subsystem.h"
#include "spec/nvme.h"

namespace nvm::emulator {

constexpr uint32_t kVersion = 0x20000;        // NVMe 2.0
constexpr size_t kAsyncEventRequestsMax = 4;  // Identify AERL + 1
constexpr uint16_t kAbortsMax = 4;            // Identify ACL + 1
constexpr uint16_t kKeepAliveUnits = 1;       // Identify KAS: the timer is exact to 100 ms
constexpr uint8_t kArbitrationBurst = 6;      // Identify RAB, and what Arbitration begins with
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

// Two commands that are one (fused.cc).
struct FusedPair {
  Slot* first;
  Slot* second;
  Task task;
};

// What several completions of one interrupt vector wait for together.
struct VectorState {
  bool coalescing_disabled = false;  // feature 09h, CD
  uint32_t entries = 0;              // that no interrupt has told of
  uint64_t due_ns = 0;               // when one will; 0: none waits
};

// What a controller does before it is reset, or shut down.
enum class Closing : uint8_t {
  No,
  Reset,     // waits for what stores still do for its commands: then CSTS.RDY is 0
  Shutdown,  // the same, and then
  Flush,     // waits until everything is durable: then CSTS.SHST says complete
};

// The pages that Doorbell Buffer Config names.
struct ShadowDoorbells {
  bool active = false;
  uint64_t doorbells_address = 0;
  uint64_t event_indices_address = 0;
  std::byte* doorbells = nullptr;
  std::byte* event_indices = nullptr;
  bool may_fault = false;
};

class ControllerState {
 public:
  ControllerState(Subsystem& parent, const PcieControllerLimits& wanted);

  // The namespace that commands name: null when it is not attached to this controller.
  Namespace* find_namespace(uint32_t namespace_id) const {
    return subsystem.find_attached(namespace_id, controller_id);
  }
  // MDTS in bytes; UINT64_MAX: no limit.
  uint64_t transfer_bytes_max() const {
    return limits.mdts == 0 ? UINT64_MAX : kPageBytes << limits.mdts;
  }

  // registers.cc
  uint64_t read_register(uint32_t offset, unsigned byte_length) const;
  void write_register(uint32_t offset, uint64_t value, unsigned byte_length);

  // life.cc
  void reset();
  void reset_with_subsystem();  // and CSTS.NSSRO tells
  void fatal();                 // CSTS.CFS: nothing more is fetched or posted until a reset

  // queue_memory.cc
  bool open_queue(QueueMemory& queue, uint64_t address, uint32_t entries, size_t entry_bytes,
                  bool device_writes);
  bool resolve_queues();
  bool uses(uint64_t first, uint64_t byte_length) const;
  void update_active_queues();
  void close_queue(SubmissionQueue& queue);
  void close_queue(CompletionQueue& queue);

  // clients.cc
  ClientHost* add_client(std::optional<CommandPolicy> policy);
  bool remove_client(ClientHost& client);
  void forget_clients();
  uint32_t count_busy_hosts();
  void assign_queue(uint16_t id, Host& host) { queue_hosts_[id] = &host; }
  void assign_admin_command(uint16_t cid, Host& host) { admin_hosts_.emplace_back(cid, &host); }
  Host& host_of_queue(uint16_t id) const { return *queue_hosts_[id]; }

  // doorbells.cc
  void connect_doorbell(QueueMemory& queue, uint32_t index);
  bool use_shadow_doorbells(uint64_t doorbells_address, uint64_t event_indices_address);

  // step.cc
  bool step(Clock& clock);
  uint64_t next_event_ns() const;
  // What an event is told with; nothing happens unless the host has asked for such events.
  void report(const Event& event);
  void restart_keep_alive() { keep_alive_restarts_ = true; }

  // data_pointers.cc: finds the host memory that the command's pointers name: `slot.host_lengths`
  // bytes.
  uint16_t find_host_memory(Slot& slot) const;

  // completion.cc
  void complete(Slot* slot);
  uint32_t room(CompletionQueue& queue, uint32_t wanted);

  // interrupts.cc
  void connect_interrupts(InterruptSink* sink);
  void use_pin(bool used);
  void update_pin();
  bool pin_level() const;
  void forget_interrupt(CompletionQueue& queue);

  // ending.cc
  bool abort(uint16_t queue_id, uint16_t cid);
  void end_commands(SubmissionQueue& queue);
  void drop_commands();

  Subsystem& subsystem;
  const PcieControllerLimits limits;
  Bar bar;
  Host owner;
  InterruptSink* interrupt_sink = nullptr;
  Registers registers;
  bool bus_master = true;

  std::vector<SubmissionQueue> submission_queues;  // by id; never resized, so pointers hold
  std::vector<CompletionQueue> completion_queues;
  uint16_t submission_queues_granted;  // by Set Features, Number of Queues
  uint16_t completion_queues_granted;
  std::vector<VectorState> vectors;
  std::vector<Slot*> event_requests;  // parked Asynchronous Event Requests
  SlotPool pool;
  std::array<uint32_t, 256> features;  // current values by feature id
  AdminState admin;
  Events events;
  ErrorLog error_log;
  Statistics statistics;
  const uint16_t controller_id;  // Identify CNTLID

 private:
  friend struct ControllerArchive;
  static constexpr uint32_t kBurstMax = 256;  // commands of one queue per step
  static constexpr uint32_t kLookAhead = 2;   // commands whose data is prefetched while one runs
  // Bits of unusual_: why commands are looked at more closely.
  static constexpr uint8_t kFaults = 1;
  static constexpr uint8_t kUnpaired = 2;

  // queue_memory.cc
  void let_go(QueueMemory& queue);
  uint32_t bring_entries(SubmissionQueue& queue, uint32_t tail);
  void take_over_entries();

  // clients.cc
  Host& take_host_of_admin_command(uint16_t cid);

  // registers.cc
  uint64_t read_qword(uint32_t offset) const;
  void write_dword(uint32_t offset, uint32_t value);
  void show_registers();

  // life.cc
  void write_cc(uint32_t value);
  void enable();
  void disable();
  bool open_admin_queues();
  void finish_reset();
  void begin_shutdown();
  void begin_flushes();
  void finish_shutdown();
  void await_drain(Closing closing);
  bool step_closing(Clock& clock);
  void set_csts(uint32_t value);
  bool running() const { return running_ && bus_master; }

  // doorbells.cc
  void write_doorbell(uint32_t offset, uint32_t value);
  void reject_doorbell(uint8_t information);
  bool resolve_shadow_doorbells();
  uint32_t read_doorbell(const QueueMemory& queue, uint32_t index) const {
    if (queue.doorbell == nullptr) [[unlikely]] {
      return read_shadow(index);
    }
    return std::atomic_ref<uint32_t>(*queue.doorbell).load(std::memory_order_acquire);
  }
  uint32_t read_shadow(uint32_t index) const;
  uint32_t read_tail(SubmissionQueue& queue);
  uint32_t ask_for_ring(SubmissionQueue& queue);
  bool ask_for_ring(CompletionQueue& queue, uint32_t arrived);

  // step.cc
  bool step_background(Clock& clock);
  void deliver_events();
  bool check_keep_alive(Clock& clock);

  // arbitration.cc
  bool fetch_round_robin(Clock& clock);
  bool fetch_weighted(Clock& clock);
  uint32_t fetch_class(uint8_t priority, uint32_t credits, Clock& clock);
  uint32_t burst() const;

  // fetch.cc
  uint32_t fetch(SubmissionQueue& queue, Clock& clock, uint32_t most);
  void take(SubmissionQueue& queue, Clock& clock, uint32_t count);
  bool read_entry(const SubmissionQueue& queue, uint32_t index, Slot& slot) const;
  void prefetch(const SubmissionQueue& queue, const spec::SubmissionQueueEntry& sqe,
                const spec::SubmissionQueueEntry* before) const;

  // data_pointers.cc
  uint16_t resolve_data(Slot& slot) const;
  uint16_t walk_pointers(Slot& slot) const;
  Task bring_lists(Slot& slot);
  void refresh_data(Slot& slot) const;

  // execution.cc
  bool execute(Slot* slot, Clock& clock);
  bool execute_unusual(Slot* slot, Clock& clock);
  bool begin(Slot* slot, Clock& clock);
  bool begin_admin(Slot* slot);
  bool begin_io(Slot* slot, Clock& clock);
  bool begin_without_namespace(Slot* slot);
  bool begin_exceptional(Slot* slot);
  bool begin_with_lists(Slot* slot, Clock& clock);
  bool begin_listed(Slot* slot, Clock& clock);
  bool settle(Slot* slot, Progress progress);
  void count_in_flight(Slot* slot);
  bool poll_pending(Clock& clock);
  bool retire_due(Clock& clock);
  bool retry_held(Clock& clock);
  bool reap_draining();
  bool drains_changes() const;

  // fused.cc
  bool take_fused(Slot* slot, Clock& clock);
  void leave_unpaired(SubmissionQueue& queue);
  void begin_pair(Slot* first, Slot* second, Clock& clock);
  Task run_pair(Slot& first, Slot& second, Clock& clock);
  Task run_alone(Slot& slot, Clock& clock);
  void finish_pair(const FusedPair& pair);
  bool poll_fused(Clock& clock);

  // fault_hooks.cc
  bool consult_faults(Slot* slot, Clock& clock);
  bool begin_faulty(Slot* slot, Clock& clock);
  void suffer(ControllerFault fault);
  void post_unusual(CompletionQueue& queue, Slot& slot);
  void post_faulty(CompletionQueue& queue, const Slot& slot, CompletionFault fault);
  void note_error(Slot& slot);

  // completion.cc
  uint32_t free_entries(CompletionQueue& queue, uint32_t wanted);
  void release(Slot* slot);
  void uncount(Slot* slot);
  void recycle(Slot* slot);
  void post(CompletionQueue& queue, Slot& slot);
  void post_entry(CompletionQueue& queue, const Slot& slot, uint16_t cid, uint16_t phase);
  void count(const Slot& slot);
  bool post_waiting();

  // interrupts.cc
  bool consumed(const CompletionQueue& queue) const;
  void raise_interrupts(Clock& clock);
  void raise_overdue(Clock& clock);
  void raise(uint16_t vector);
  bool masks(const CompletionQueue& queue) const;

  // ending.cc
  Slot* take_out(uint16_t queue_id, uint16_t cid);
  void end(Slot* slot, uint16_t status);
  void end_early(Slot* slot);
  void drain(Slot* slot);
  void drop_waiting(CompletionQueue& cq, const SubmissionQueue* queue);
  void end_pair(FusedPair& pair, uint16_t status);

  bool running_ = false;              // enabled, not fatal, not shut down
  bool removed_ = false;              // a fault took the controller away
  bool subsystem_was_reset_ = false;  // CSTS.NSSRO
  uint8_t unusual_ = 0;
  bool background_ = false;  // there is more to do than new commands
  bool leftovers_ = false;   // of commands and queues that are gone
  uint16_t unpaired_ = 0;    // queues with half a fused pair
  bool starved_ = false;     // a queue was not fetched from for want of room for completions
  bool weighted_ = false;
  bool pin_used_ = false;
  bool pin_asserted_ = false;
  std::vector<std::unique_ptr<ClientHost>> clients_;
  std::vector<Host*> queue_hosts_;  // by id: whose a queue is that is made under it
  std::vector<std::pair<uint16_t, Host*>> admin_hosts_;  // of commands yet to be fetched, by CID
  uint64_t resolved_generation_ = 0;  // of the owner's domain when the queues' memory was looked up
  uint64_t next_sequence_ = 0;
  size_t first_active_ = 0;  // where the next round begins
  // Completions that belong to commands being fetched: others leave room for them.
  const CompletionQueue* fetching_into_ = nullptr;
  uint32_t reserved_ = 0;
  std::array<Slot*, kLookAhead + 1> window_;
  std::vector<SubmissionQueue*> active_;  // existing I/O submission queues

  // Commands that have not ended.
  std::vector<Timed> timed_;               // heap, soonest first
  std::vector<Slot*> pending_;             // whose task goes on
  std::vector<Slot*> held_;                // wait until a fused pair has left their namespace
  std::vector<FusedPair> fused_;           // pairs that did not end at once
  std::vector<Slot*> draining_;            // as pending_, but only memory to keep
  std::vector<FusedPair> draining_pairs_;  // as fused_, likewise
  std::vector<CompletionQueue*> crowded_;  // have completions waiting for room
  std::vector<CompletionQueue*> posted_;   // have an interrupt due
  std::vector<uint16_t> coalesced_;        // vectors whose interrupt waits

  // Of weighted round robin, by priority.
  std::array<std::vector<SubmissionQueue*>, 4> classes_;
  std::array<size_t, 4> first_of_class_{};
  std::vector<CompletionQueue*> mirrored_;                      // existing queues with a mirror
  std::vector<std::unique_ptr<QueueMirror>> draining_mirrors_;  // of queues that are gone
  std::vector<CompletionQueue*> interrupting_;                  // existing queues with interrupts

  ShadowDoorbells shadow_;
  bool keep_alive_restarts_ = false;
  uint32_t keep_alive_ms_ = 0;
  uint64_t keep_alive_until_ns_ = 0;
  uint64_t busy_since_ns_ = 0;
  Closing closing_ = Closing::No;
  uint64_t closing_until_ns_ = 0;
  std::vector<std::unique_ptr<Operation>> shutdown_flushes_;
};

}  // namespace nvm::emulator

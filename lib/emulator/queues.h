// SPDX-License-Identifier: MIT
// What the device side keeps per queue, and per command between fetch and completion.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "emulator/executor.h"
#include "emulator/faults/fault.h"
#include "emulator/host.h"
#include "emulator/host_memory.h"
#include "emulator/namespace.h"
#include "emulator/queue_mirror.h"

namespace nvm::emulator {

struct SubmissionQueue;

// A command and where it came from. `next` chains it in the pool or among those that wait for room
// in their completion queue.
struct Slot {
  Command command;
  SubmissionQueue* queue = nullptr;
  Host* host = nullptr;     // whose memory its pointers name
  Namespace* ns = nullptr;  // null: an admin command, or one that names no single namespace
  // What the command's Transfers were made of, and the domain's generation then.
  HostLengths host_lengths;
  Direction direction = Direction::ToHost;
  uint64_t domain_generation = 0;
  std::unique_ptr<HostLists> lists;     // of pointers into memory that is reached by messages
  bool bringing_lists = false;          // its task does, and then it begins
  bool in_flight = false;               // counted by its queue
  Namespace* counted = nullptr;         // that counts it
  std::unique_ptr<FaultEffect> effect;  // what command.fault points to
  Slot* next = nullptr;
};

// Entries of a queue in host memory, and how far along it we are.
struct QueueMemory {
  uint16_t id = 0;
  Host* host = nullptr;
  uint64_t address = 0;
  uint32_t entries = 0;  // 0: the queue does not exist
  std::byte* bytes = nullptr;
  bool may_fault = false;
  uint32_t* doorbell = nullptr;         // null: a shadow doorbell that may fault
  uint32_t* event_index = nullptr;      // of a shadow doorbell; null: there is none
  std::unique_ptr<QueueMirror> mirror;  // what `bytes` are, of memory reached only by messages

  bool exists() const { return entries != 0; }
  uint32_t after(uint32_t index) const { return index + 1 == entries ? 0 : index + 1; }
  // Entries from `from` (included) to `to` (excluded).
  uint32_t distance(uint32_t from, uint32_t to) const {
    return to >= from ? to - from : to + entries - from;
  }
};

struct CompletionQueue : QueueMemory {
  uint32_t tail = 0;  // ours
  uint32_t head = 0;  // the host's, as last read from its doorbell
  uint16_t phase = 1;
  uint32_t rejected_head = 0;  // the last invalid doorbell value, so that it is counted once
  uint16_t vector = 0;
  bool interrupts = false;
  bool raise_due = false;
  uint32_t unsignalled = 0;        // entries posted since the last interrupt
  uint32_t told = 0;               // of a mirror: what had reached the host then
  uint16_t submission_queues = 0;  // that complete here
  Slot* waiting_first = nullptr;   // completions for which there is no room yet, in order
  Slot* waiting_last = nullptr;
};

inline void append_waiting(CompletionQueue& queue, Slot* slot) {
  slot->next = nullptr;
  (queue.waiting_first == nullptr ? queue.waiting_first : queue.waiting_last->next) = slot;
  queue.waiting_last = slot;
}

struct SubmissionQueue : QueueMemory {
  uint32_t head = 0;
  uint32_t tail = 0;  // the host's, as last read from its doorbell
  uint32_t rejected_tail = 0;
  uint32_t in_flight = 0;  // commands that wait for something, parked event requests excepted
  CompletionQueue* completion_queue = nullptr;
  Slot* fused_first = nullptr;  // waits for the second of its pair
  uint8_t priority = 0;         // spec::queue_priority
  bool deleted = false;         // its last commands are being ended
};

// Counts something that works on a namespace without being one of its commands: while it lives, the
// namespace stays.
class InFlight {
 public:
  explicit InFlight(Namespace& ns) : ns_(&ns) { ns.in_flight++; }
  InFlight(InFlight&& other) noexcept : ns_(std::exchange(other.ns_, nullptr)) {}
  InFlight& operator=(InFlight&&) = delete;
  ~InFlight() {
    if (ns_ != nullptr) ns_->in_flight--;
  }
  Namespace& ns() { return *ns_; }

 private:
  Namespace* ns_;
};

// Slots, made when first needed and then reused, so that the steady state allocates nothing.
class SlotPool {
 public:
  Slot* take() {
    if (free_ == nullptr) return make();
    Slot* slot = free_;
    free_ = slot->next;
    slot->next = nullptr;
    return slot;
  }
  void give(Slot* slot) {
    slot->next = free_;
    free_ = slot;
  }

 private:
  Slot* make() {
    slots_.push_back(std::make_unique<Slot>());
    return slots_.back().get();
  }

  std::vector<std::unique_ptr<Slot>> slots_;
  Slot* free_ = nullptr;
};

}  // namespace nvm::emulator

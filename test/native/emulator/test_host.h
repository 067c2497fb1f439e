// SPDX-License-Identifier: MIT
// A host made by hand: memory, registers, queues and a clock, all of it in the test's own thread.
// It does what a driver does with as little code as possible, so that a test can also do it
// wrongly.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "emulator/models/latency_bandwidth_model.h"
#include "emulator/stores/media.h"
#include "emulator/stores/memory_store.h"
#include "emulator/subsystem.h"
#include "spec/nvme.h"

namespace nvm::emulator {

class FakeClock final : public Clock {
 public:
  uint64_t now_ns() override {
    reads++;
    return now;
  }
  uint64_t now = 3'600'000'000'000;  // of a machine that runs already
  uint64_t reads = 0;
};

// A store in a vector, whose flushes are counted and end when the test says so.
class ScriptedStore : public Store {
 public:
  explicit ScriptedStore(uint64_t byte_length) : memory(byte_length) {}
  uint64_t byte_length() const override { return memory.size(); }
  bool read_only() const override { return protect; }
  std::byte* bytes() override { return memory.data(); }
  bool may_fault() const override { return false; }
  Progress begin_flush(Operation& operation) override {
    flushes++;
    if (!hold_flushes) return Progress::Done;
    operation.progress.store(Progress::Pending);
    held.push_back(&operation);
    return Progress::Pending;
  }
  Progress begin_deallocate(Operation&, uint64_t offset, uint64_t byte_length) override {
    memset(memory.data() + offset, 0, byte_length);
    deallocates++;
    return Progress::Done;
  }
  void end_flushes(Progress outcome) {
    for (Operation* operation : held) operation->progress.store(outcome);
    held.clear();
  }

  std::vector<std::byte> memory;
  bool protect = false;
  bool hold_flushes = false;
  unsigned flushes = 0;
  unsigned deallocates = 0;
  std::vector<Operation*> held;
};

class CountingSink final : public InterruptSink {
 public:
  void raise(uint16_t vector) override { raised.push_back(vector); }
  std::vector<uint16_t> raised;
};

// One queue pair as its host sees it. Several may share a completion queue: see `cq_id`.
struct HostQueue {
  uint16_t id = 0;
  uint32_t entries = 0;
  uint64_t sq_address = 0;
  uint64_t cq_address = 0;
  uint32_t tail = 0;
  uint32_t head = 0;
  uint16_t phase = 1;
};

constexpr uint64_t kMemoryAddress = 0x40000000;
constexpr uint32_t kEnable = 0x00460001;

class TestHost {
 public:
  explicit TestHost(const PcieControllerLimits& limits = {}, Identity identity = {},
                    uint64_t memory_bytes = 24 << 20,
                    std::unique_ptr<StoreFamily> family = make_memory_family())
      : subsystem(std::move(identity),
                  std::make_unique<Media>(std::move(family), MediaCalls::AtOnce)),
        memory_(static_cast<std::byte*>(calloc(1, memory_bytes + 4096))),
        first_(reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(memory_.get()) + 4095) &
                                            ~uintptr_t{4095})),
        memory_bytes_(memory_bytes),
        controller(subsystem.add_controller(limits)) {
    REQUIRE(controller.domain().add({kMemoryAddress, memory_bytes, first_, false, true}));
  }

  // The first namespace, over a ScriptedStore.
  ScriptedStore& add_namespace(uint64_t byte_length, uint32_t lba_byte_length = 512,
                               std::unique_ptr<TimingModel> timing = nullptr) {
    auto store = std::make_unique<ScriptedStore>(byte_length);
    ScriptedStore& result = *store;
    subsystem.add_namespace(
        make_nvm_namespace(std::move(store), lba_byte_length, std::move(timing)));
    return result;
  }

  // Whole pages, never given back.
  uint64_t allocate(uint64_t byte_length) {
    const uint64_t address = kMemoryAddress + used_;
    used_ += (byte_length + 4095) & ~uint64_t{4095};
    REQUIRE(used_ <= memory_bytes_);
    return address;
  }
  std::byte* at(uint64_t address) { return first_ + (address - kMemoryAddress); }
  template <class T>
  T& as(uint64_t address) {
    return *reinterpret_cast<T*>(at(address));
  }

  uint32_t read32(uint32_t offset) {
    return static_cast<uint32_t>(controller.read_register(offset, 4));
  }
  void write32(uint32_t offset, uint32_t value) { controller.write_register(offset, value, 4); }
  void ring(uint32_t index, uint32_t value) {
    auto* doorbells = reinterpret_cast<uint32_t*>(controller.bar() + kDoorbellOffset);
    std::atomic_ref<uint32_t>(doorbells[index]).store(value, std::memory_order_release);
  }

  // Admin queues and CC.EN.
  void enable(uint32_t admin_entries = 32) {
    admin = make_queue(0, admin_entries);
    write32(spec::registers::aqa, (admin_entries - 1) | (admin_entries - 1) << 16);
    controller.write_register(spec::registers::asq, admin.sq_address, 8);
    controller.write_register(spec::registers::acq, admin.cq_address, 8);
    write32(spec::registers::cc, kEnable);
    REQUIRE(read32(spec::registers::csts) == 1);
  }

  HostQueue make_queue(uint16_t id, uint32_t entries) {
    HostQueue queue;
    queue.id = id;
    queue.entries = entries;
    queue.sq_address = allocate(entries * 64);
    queue.cq_address = allocate(entries * 16);
    return queue;
  }

  void place(HostQueue& queue, const spec::SubmissionQueueEntry& sqe) {
    memcpy(at(queue.sq_address + queue.tail * 64), &sqe, sizeof(sqe));
    queue.tail = (queue.tail + 1) % queue.entries;
  }
  void ring_tail(const HostQueue& queue) { ring(2u * queue.id, queue.tail); }
  void submit(HostQueue& queue, const spec::SubmissionQueueEntry& sqe) {
    place(queue, sqe);
    ring_tail(queue);
  }

  bool has_completion(const HostQueue& queue) {
    return (as<spec::CompletionQueueEntry>(queue.cq_address + queue.head * 16).status & 1) ==
           queue.phase;
  }
  spec::CompletionQueueEntry take_completion(HostQueue& queue, bool ring_doorbell = true) {
    REQUIRE(has_completion(queue));
    const auto entry = as<spec::CompletionQueueEntry>(queue.cq_address + queue.head * 16);
    if (++queue.head == queue.entries) {
      queue.head = 0;
      queue.phase ^= 1;
    }
    if (ring_doorbell) ring(2u * queue.id + 1, queue.head);
    return entry;
  }

  bool step() { return controller.step(clock); }
  void step_all() {
    for (int round = 0; round < 10'000 && step(); round++) {
    }
  }

  // Submits one command, steps, and takes its completion.
  spec::CompletionQueueEntry execute(HostQueue& queue, const spec::SubmissionQueueEntry& sqe) {
    submit(queue, sqe);
    step_all();
    return take_completion(queue);
  }
  spec::CompletionQueueEntry execute_admin(spec::SubmissionQueueEntry sqe) {
    return execute(admin, sqe);
  }

  uint16_t create_cq(const HostQueue& queue, uint16_t vector = 0, bool interrupts = false) {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = spec::admin_opcode::create_io_completion_queue;
    sqe.prp1 = queue.cq_address;
    sqe.cdw10 = queue.id | (queue.entries - 1) << 16;
    sqe.cdw11 = 1u | (interrupts ? 2u : 0u) | static_cast<uint32_t>(vector) << 16;
    return status_of(execute_admin(sqe));
  }
  uint16_t create_sq(const HostQueue& queue, uint16_t cq_id) {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = spec::admin_opcode::create_io_submission_queue;
    sqe.prp1 = queue.sq_address;
    sqe.cdw10 = queue.id | (queue.entries - 1) << 16;
    sqe.cdw11 = 1u | static_cast<uint32_t>(cq_id) << 16;
    return status_of(execute_admin(sqe));
  }
  HostQueue create_pair(uint16_t id, uint32_t entries) {
    HostQueue queue = make_queue(id, entries);
    REQUIRE(create_cq(queue) == 0);
    REQUIRE(create_sq(queue, id) == 0);
    return queue;
  }
  uint16_t delete_queue(uint8_t opcode, uint16_t id) {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = opcode;
    sqe.cdw10 = id;
    return status_of(execute_admin(sqe));
  }

  // Status code type and status code.
  static uint16_t status_of(const spec::CompletionQueueEntry& entry) {
    return static_cast<uint16_t>(entry.status >> 1) & spec::status::code_mask;
  }

  static spec::SubmissionQueueEntry data_command(uint8_t opcode, uint16_t cid, uint64_t lba,
                                                 uint32_t block_count, uint64_t prp1,
                                                 uint64_t prp2 = 0) {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = opcode;
    sqe.cid = cid;
    sqe.nsid = 1;
    sqe.prp1 = prp1;
    sqe.prp2 = prp2;
    sqe.cdw10 = static_cast<uint32_t>(lba);
    sqe.cdw11 = static_cast<uint32_t>(lba >> 32);
    sqe.cdw12 = block_count - 1;
    return sqe;
  }

  FakeClock clock;
  Subsystem subsystem;

 private:
  struct Free {
    void operator()(void* memory) const { free(memory); }
  };

  // Of calloc: a test touches little of it, and the rest costs nothing.
  std::unique_ptr<std::byte, Free> memory_;
  std::byte* first_;
  uint64_t memory_bytes_;
  uint64_t used_ = 0;

 public:
  PcieController& controller;
  HostQueue admin;
};

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// A host whose every decision is an input's: memory of several kinds, each a heap block of its own
// so that ASan sees a step beside it, and queues on an emulated controller.
#pragma once

#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

#include "emulator/subsystem.h"
#include "input.h"
#include "simulation/random.h"
#include "simulation/simulated_store.h"
#include "spec/nvme.h"

namespace nvm::fuzz {

constexpr uint64_t kPageBytes = 4096;

// Memory that the controller may reach. Not all of it is whole pages.
struct HostRegion {
  uint64_t first;
  uint64_t byte_length;
  bool may_fault;
  bool writable;
};

constexpr HostRegion kHostRegions[] = {
    {0x40000000, 0x18000, false, true},         // queues, lists and data
    {0x40018000, 0x7140, false, true},          // its neighbour, elsewhere in memory
    {0x50000400, 0x3c00, true, true},           // copied under the SIGBUS guard
    {0x60000000, 0x3104, false, false},         // read-only
    {0xfffffffffffff000, 0x1000, false, true},  // the last page of all
};

// Regions of I/O addresses in a domain, and their memory, which is made once: fresh pages for each
// input would cost more than all the rest.
class HostMemory {
 public:
  explicit HostMemory(emulator::Domain& domain) {
    for (size_t i = 0; i < std::size(kHostRegions); i++) {
      const HostRegion& region = kHostRegions[i];
      memset(memory()[i], 0, region.byte_length);
      domain.add(
          {region.first, region.byte_length, memory()[i], region.may_fault, region.writable});
    }
  }

  // Null unless all of it is in one region.
  std::byte* at(uint64_t address, uint64_t byte_length) {
    for (size_t i = 0; i < memory().size(); i++) {
      const uint64_t offset = address - kHostRegions[i].first;
      const uint64_t available = kHostRegions[i].byte_length;
      if (offset < available && byte_length <= available - offset) return memory()[i] + offset;
    }
    return nullptr;
  }

  // An address that may be good, or nearly good, or anything.
  static uint64_t address(Input& input) {
    const HostRegion& region = input.pick(kHostRegions);
    const uint64_t page_count = region.byte_length / kPageBytes + 1;
    const uint64_t page = (region.first + input.below(page_count) * kPageBytes) & ~(kPageBytes - 1);
    switch (input.below(8)) {
      case 0:
        return page + (input.u16() & 0xffc) % kPageBytes;
      case 1:
        return page - input.u8();
      case 2:
        return input.u64();
      default:
        return page;
    }
  }

 private:
  using Blocks = std::array<std::byte*, std::size(kHostRegions)>;

  static Blocks& memory() {
    static Blocks& blocks = *[] {
      auto* made = new Blocks;
      for (size_t i = 0; i < made->size(); i++) {
        (*made)[i] = static_cast<std::byte*>(malloc(kHostRegions[i].byte_length));
      }
      return made;
    }();
    return blocks;
  }
};

class FuzzClock final : public Clock {
 public:
  uint64_t now_ns() override { return now; }
  uint64_t now = 1'000'000;
};

// One queue pair as its host sees it.
struct HostQueue {
  uint16_t id;
  uint32_t entries;
  uint64_t sq_address;
  uint64_t cq_address;
  uint32_t tail = 0;
  uint32_t head = 0;
  uint16_t phase = 1;
};

class Host {
 public:
  explicit Host(Input& input)
      : input_(input),
        random_(1),
        subsystem_(make_subsystem(random_)),
        controller_(subsystem_->add_controller(limits(input))),
        memory_(controller_.domain()) {}

  emulator::PcieController& controller() { return controller_; }
  HostMemory& memory() { return memory_; }
  Input& input() { return input_; }
  std::vector<HostQueue>& queues() { return queues_; }

  // Admin queues, and two pairs of I/O queues.
  void enable() {
    queues_.clear();
    make_queue(0);
    const HostQueue admin = queues_[0];
    write32(spec::registers::aqa, (admin.entries - 1) | (admin.entries - 1) << 16);
    controller_.write_register(spec::registers::asq, admin.sq_address, 8);
    controller_.write_register(spec::registers::acq, admin.cq_address, 8);
    write32(spec::registers::cc, 0x00460001);
    for (uint16_t id = 1; id <= 2; id++) create_pair(id);
  }

  // Puts `sqe` into the queue and rings.
  void submit(HostQueue& queue, const spec::SubmissionQueueEntry& sqe) {
    std::byte* entry = memory_.at(queue.sq_address + queue.tail * sizeof(sqe), sizeof(sqe));
    memcpy(entry, &sqe, sizeof(sqe));
    queue.tail = (queue.tail + 1) % queue.entries;
    ring(2u * queue.id, queue.tail);
  }

  void ring(uint32_t index, uint32_t value) {
    auto* doorbells = reinterpret_cast<uint32_t*>(controller_.bar() + emulator::kDoorbellOffset);
    std::atomic_ref<uint32_t>(doorbells[index % emulator::kDoorbellCount]).store(value);
  }
  void write32(uint32_t offset, uint32_t value) { controller_.write_register(offset, value, 4); }

  // Lets the device work, and consumes.
  void run(unsigned rounds) {
    for (unsigned i = 0; i < rounds; i++) {
      const bool worked = subsystem_->step(clock_);
      end_store_operations();
      const uint64_t next_ns = subsystem_->next_event_ns();
      if (!worked && next_ns != UINT64_MAX) clock_.now = std::max(clock_.now + 1000, next_ns);
      for (HostQueue& queue : queues_) consume(queue);
    }
  }

 private:
  static emulator::PcieControllerLimits limits(Input& input) {
    emulator::PcieControllerLimits limits;
    limits.io_queue_pairs_max = static_cast<uint16_t>(3 + input.below(6));
    limits.queue_entries_max = static_cast<uint32_t>(2 + input.below(255));
    limits.mdts = static_cast<uint8_t>(1 + input.below(5));
    limits.interrupt_vectors_max = static_cast<uint16_t>(1 + input.below(4));
    return limits;
  }

  // Namespace 1 is memory, namespace 2 answers late.
  static std::unique_ptr<emulator::Subsystem> make_subsystem(simulation::Random& random) {
    auto subsystem = std::make_unique<emulator::Subsystem>(emulator::Identity{});
    constexpr uint64_t kStoreBytes = 32 << 10;
    for (const auto kind : {simulation::StoreKind::Memory, simulation::StoreKind::Delayed}) {
      auto store = std::make_unique<simulation::SimulatedStore>(
          simulation::SimulatedStoreOptions{kind, kStoreBytes, 512, 2}, random);
      subsystem->add_namespace(emulator::make_nvm_namespace(std::move(store), 512, nullptr));
    }
    return subsystem;
  }

  // Of the namespaces that there still are: commands can delete them and make others.
  void end_store_operations() {
    subsystem_->for_each_namespace([](emulator::Namespace& ns) {
      auto* store = dynamic_cast<simulation::SimulatedStore*>(ns.store.get());
      if (store != nullptr) store->end_one();
    });
  }

  // Queues live in the first region, two pages each.
  void make_queue(uint16_t id) {
    const uint64_t address = kHostRegions[0].first + 2 * kPageBytes * id;
    const auto entries = static_cast<uint32_t>(2 + input_.below(31));
    memset(memory_.at(address, 2 * kPageBytes), 0, 2 * kPageBytes);
    queues_.push_back({id, entries, address, address + kPageBytes});
  }

  void create_pair(uint16_t id) {
    make_queue(id);
    const HostQueue queue = queues_.back();
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = spec::admin_opcode::create_io_completion_queue;
    sqe.prp1 = queue.cq_address;
    sqe.cdw10 = queue.id | (queue.entries - 1) << 16;
    sqe.cdw11 = 3;  // contiguous, with interrupts
    submit(queues_[0], sqe);
    run(2);
    sqe.opc = spec::admin_opcode::create_io_submission_queue;
    sqe.prp1 = queue.sq_address;
    sqe.cdw11 = 1u | static_cast<uint32_t>(queue.id) << 16;
    submit(queues_[0], sqe);
    run(2);
  }

  void consume(HostQueue& queue) {
    constexpr size_t kEntryBytes = sizeof(spec::CompletionQueueEntry);
    for (uint32_t i = 0; i < queue.entries; i++) {
      spec::CompletionQueueEntry entry;
      memcpy(&entry, memory_.at(queue.cq_address + queue.head * kEntryBytes, kEntryBytes),
             kEntryBytes);
      if ((entry.status & 1) != queue.phase) return;
      queue.head = (queue.head + 1) % queue.entries;
      if (queue.head == 0) queue.phase ^= 1;
      ring(2u * queue.id + 1, queue.head);
    }
  }

  Input& input_;
  simulation::Random random_;
  FuzzClock clock_;
  std::unique_ptr<emulator::Subsystem> subsystem_;
  emulator::PcieController& controller_;
  HostMemory memory_;
  std::vector<HostQueue> queues_;
};

}  // namespace nvm::fuzz

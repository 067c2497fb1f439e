// SPDX-License-Identifier: MIT
// A host whose every decision is an input's, with queues on an emulated controller.
#pragma once

#include <memory>
#include <vector>

#include "emulator/subsystem.h"
#include "host_memory.h"
#include "input.h"
#include "medium.h"
#include "spec/nvme.h"

namespace nvm::fuzz {

class FuzzClock final : public Clock {
 public:
  uint64_t now_ns() override { return now; }
  uint64_t now = 1'000'000;
};

// Puts off one command of three, and gives each other one its time.
class FuzzModel final : public emulator::TimingModel {
 public:
  emulator::Schedule schedule(const emulator::TimedCommand& command, uint64_t now_ns) override {
    if (++asked_ % 3 == 0) return {now_ns + 700, true};
    return {now_ns + command.byte_length, false};
  }

 private:
  unsigned asked_ = 0;
};

// The medium outlives the subsystem, whose stores it knows.
struct Device {
  std::unique_ptr<Medium> medium;
  std::unique_ptr<emulator::Subsystem> subsystem;
};

// Without namespaces, but with stores for them.
inline Device make_device(StoreLengths lengths) {
  Device device{std::make_unique<Medium>(), nullptr};
  auto family = std::make_unique<FuzzFamily>(*device.medium, std::move(lengths));
  device.subsystem = std::make_unique<emulator::Subsystem>(
      emulator::Identity{},
      std::make_unique<emulator::Media>(std::move(family), emulator::MediaCalls::AtOnce));
  return device;
}

struct NamespaceForm {
  uint8_t lba_format;
  bool extended;
  uint8_t protection_type;
};

constexpr uint64_t kNamespaceBytes = 16 << 10;
constexpr NamespaceForm kNamespaceForms[] = {
    {0, false, 0},  // plain blocks, and as late ones
    {0, false, 0},
    {2, false, 1},  // protected, the information apart
    {2, true, 0},   // metadata behind each block, late
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

class FuzzSink final : public emulator::InterruptSink {
 public:
  void raise(uint16_t) override {}
};

class Host {
 public:
  explicit Host(Input& input) : Host(input, make_device_of(input)) {}
  Host(Input& input, Device device)
      : input_(input),
        device_(std::move(device)),
        controller_(device_.subsystem->add_controller(limits(input))),
        memory_(controller_.domain()) {
    device_.subsystem->use_clock(clock_);
    controller_.set_interrupt_sink(&sink_);
    if (input.below(4) == 0) device_.subsystem->add_controller(limits(input));
  }

  emulator::Subsystem& subsystem() { return *device_.subsystem; }
  emulator::PcieController& controller() { return controller_; }
  HostMemory& memory() { return memory_; }
  Input& input() { return input_; }
  std::vector<HostQueue>& queues() { return queues_; }

  // Admin queues, and mostly two pairs of I/O queues.
  void enable() {
    constexpr uint32_t kRoundRobin = 0x00460001;
    constexpr uint32_t kWeighted = 0x00460801;
    queues_.clear();
    shadow_ = 0;
    make_queue(0);
    const HostQueue admin = queues_[0];
    write32(spec::registers::aqa, (admin.entries - 1) | (admin.entries - 1) << 16);
    controller_.write_register(spec::registers::asq, admin.sq_address, 8);
    controller_.write_register(spec::registers::acq, admin.cq_address, 8);
    write32(spec::registers::cc, input_.below(4) == 0 ? kWeighted : kRoundRobin);
    if (input_.below(8) == 0) return;
    for (uint16_t id = 1; id <= 2; id++) create_pair(id);
  }

  // Puts `sqe` into the queue and rings.
  void submit(HostQueue& queue, const spec::SubmissionQueueEntry& sqe) {
    std::byte* entry = memory_.at(queue.sq_address + queue.tail * sizeof(sqe), sizeof(sqe));
    memcpy(entry, &sqe, sizeof(sqe));
    queue.tail = (queue.tail + 1) % queue.entries;
    ring(2u * queue.id, queue.tail);
  }

  // A queue that a command may have made, besides those of enable().
  uint32_t created_queue = 0;

  // From now on the device may look at the doorbells in this page, too.
  void use_shadow_doorbells(uint64_t address) { shadow_ = address; }

  void ring(uint32_t index, uint32_t value) {
    index %= emulator::kDoorbellCount;
    std::byte* shadow = memory_.at(shadow_ + index * sizeof(value), sizeof(value));
    if (shadow_ != 0 && shadow != nullptr) memcpy(shadow, &value, sizeof(value));
    auto* doorbells = reinterpret_cast<uint32_t*>(controller_.bar() + emulator::kDoorbellOffset);
    std::atomic_ref<uint32_t>(doorbells[index]).store(value);
  }
  void write32(uint32_t offset, uint32_t value) { controller_.write_register(offset, value, 4); }

  // Lets the device work, and consumes.
  void run(unsigned rounds) {
    for (unsigned i = 0; i < rounds; i++) {
      const bool worked = device_.subsystem->step(clock_);
      device_.medium->end_operations();
      const uint64_t next_ns = device_.subsystem->next_event_ns();
      if (!worked && next_ns != UINT64_MAX) clock_.now = std::max(clock_.now + 1000, next_ns);
      for (HostQueue& queue : queues_) consume(queue);
    }
  }
  // For a while, or, now and then, long enough for what goes on in the background.
  void run_some() {
    constexpr unsigned kLong = 64;
    const auto rounds = static_cast<unsigned>(input_.below(32));
    run(rounds == 31 ? kLong : rounds % 4);
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

  static Device make_device_of(Input& input) {
    Device device = make_device({});
    emulator::Subsystem& subsystem = *device.subsystem;
    emulator::StoreFamily& family = subsystem.media().family();
    const auto timed = static_cast<uint32_t>(input.below(8));
    for (uint32_t id = 1; id <= std::size(kNamespaceForms); id++) {
      const NamespaceForm& form = kNamespaceForms[id - 1];
      const emulator::NamespaceFormat format{form.lba_format, form.extended, form.protection_type};
      auto data = family.create({id, emulator::StorePart::Data}, kNamespaceBytes);
      std::unique_ptr<emulator::Store> metadata;
      const uint64_t metadata_bytes =
          kNamespaceBytes / format.data_byte_length() * format.metadata_byte_length();
      if (metadata_bytes != 0) {
        metadata =
            std::move(family.create({id, emulator::StorePart::Metadata}, metadata_bytes).value());
      }
      subsystem.add_namespace(
          emulator::make_nvm_namespace(std::move(data.value()), std::move(metadata), format,
                                       timed == id ? std::make_unique<FuzzModel>() : nullptr));
    }
    subsystem.set_capacity(2 * subsystem.capacity());
    add_vendor_command(subsystem);
    if (input.below(2) == 0) subsystem.keep_state();
    device.medium->full = input.below(8) == 1;
    return device;
  }

  // As a user of the library adds one: reads the host's memory and writes it back inverted, later.
  static void add_vendor_command(emulator::Subsystem& subsystem);

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
  FuzzClock clock_;
  FuzzSink sink_;
  Device device_;
  emulator::PcieController& controller_;
  HostMemory memory_;
  std::vector<HostQueue> queues_;
  uint64_t shadow_ = 0;
};

constexpr uint8_t kVendorOpcode = 0x92;

inline void Host::add_vendor_command(emulator::Subsystem& subsystem) {
  emulator::IoCommand command;
  command.opcode = kVendorOpcode;
  command.name = "invert";
  command.host_lengths = [](const emulator::Namespace&, const spec::SubmissionQueueEntry& sqe) {
    return emulator::HostLengths{sqe.cdw12 & 0xffff, 0};
  };
  command.run = [](emulator::Namespace&, emulator::Command& own) -> emulator::Task {
    std::vector<std::byte> bytes(own.data.byte_length());
    const uint16_t received =
        co_await emulator::receive_from_host(own.data, 0, bytes.data(), bytes.size());
    if (received != spec::status::success) co_return received;
    co_await emulator::next_step{};
    for (std::byte& byte : bytes) byte = ~byte;
    co_return co_await emulator::send_to_host(own.data, 0, bytes.data(), bytes.size());
  };
  if (!subsystem.add_io_command(std::move(command))) abort();
}

}  // namespace nvm::fuzz

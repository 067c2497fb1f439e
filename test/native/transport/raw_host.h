// SPDX-License-Identifier: MIT
// A host that knows nothing but a Transport: registers, rings in a mapped buffer, plain doorbell
// stores. Enough to see that a device is behind it, and independent of lib/driver.
#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <memory>

#include "memory/dma_descriptor.h"
#include "platform/clock.h"
#include "platform/ordering.h"
#include "spec/nvme.h"
#include "transport/transport.h"

namespace nvm::test {

constexpr size_t kPage = 4096;
constexpr uint64_t kPatienceNs = 20'000'000'000;

// One queue pair over two pages of a descriptor: the CQ, then the SQ.
class RawQueue {
 public:
  static constexpr uint16_t kEntries = 16;

  RawQueue(Transport& transport, uint16_t id, std::byte* pages)
      : transport_(transport), doorbells_(transport.doorbells()), id_(id) {
    cq_ = reinterpret_cast<spec::CompletionQueueEntry*>(pages);
    sq_ = reinterpret_cast<spec::SubmissionQueueEntry*>(pages + kPage);
  }

  void submit(spec::SubmissionQueueEntry sqe) {
    sqe.cid = next_id_++;
    sq_[tail_] = sqe;
    tail_ = static_cast<uint16_t>((tail_ + 1) % kEntries);
    ring(2u * id_, tail_);
  }

  // Looks at the last word of the entry, which the device releases in one piece.
  bool has_completion() const {
    auto* last = reinterpret_cast<uint32_t*>(&cq_[head_]) + 3;
    return (std::atomic_ref<uint32_t>(*last).load(std::memory_order_acquire) >> 16 & 1) == phase_;
  }

  spec::CompletionQueueEntry take() {
    REQUIRE(wait_until(thread_waiter(), kPatienceNs, [&] { return has_completion(); }));
    const spec::CompletionQueueEntry entry = cq_[head_];
    head_ = static_cast<uint16_t>((head_ + 1) % kEntries);
    if (head_ == 0) phase_ ^= 1;
    ring(2u * id_ + 1, head_);
    return entry;
  }

  // The status field without the phase tag.
  uint16_t run(const spec::SubmissionQueueEntry& sqe) {
    submit(sqe);
    return static_cast<uint16_t>(take().status >> 1);
  }

 private:
  void ring(uint32_t index, uint32_t value) {
    auto* word = const_cast<uint32_t*>(doorbells_.base + index * doorbells_.stride_bytes / 4);
    std::atomic_ref<uint32_t>(*word).store(value, std::memory_order_release);
    store_load_fence();
    if (doorbells_.sleeping->load(std::memory_order_relaxed) != 0) transport_.ring_wake();
  }

  Transport& transport_;
  Doorbells doorbells_;
  uint16_t id_;
  spec::CompletionQueueEntry* cq_;
  spec::SubmissionQueueEntry* sq_;
  uint16_t tail_ = 0, head_ = 0, next_id_ = 0;
  uint16_t phase_ = 1;
};

// A controller enabled over `transport`: page 0 and 1 are the admin queues, 2 and 3 I/O queue 1,
// the rest is for data.
class RawHost {
 public:
  static constexpr size_t kPages = 16;
  static constexpr size_t kDataPage = 4;

  explicit RawHost(std::shared_ptr<Transport> transport)
      : transport_(transport),
        memory_(DmaDescriptor::map(transport, Buffer::allocate(kPages * kPage).value()).value()),
        admin(*transport, 0, page(0)),
        io(*transport, 1, page(2)) {
    namespace registers = spec::registers;
    transport_->write_register32(registers::cc, 0);
    REQUIRE(wait_ready(0));
    constexpr uint32_t kZeroBased = RawQueue::kEntries - 1;
    transport_->write_register32(registers::aqa,
                                 spec::aqa::asqs.put(kZeroBased) | spec::aqa::acqs.put(kZeroBased));
    transport_->write_register64(registers::acq, address(0));
    transport_->write_register64(registers::asq, address(1));
    transport_->write_register32(
        registers::cc, spec::cc::en.put(1) | spec::cc::iosqes.put(6) | spec::cc::iocqes.put(4));
    REQUIRE(wait_ready(1));
  }
  ~RawHost() {
    transport_->write_register32(spec::registers::cc, 0);
    (void)wait_ready(0);
  }

  void create_io_queue(bool interrupts, uint16_t vector) {
    constexpr uint32_t kZeroBased = RawQueue::kEntries - 1;
    spec::SubmissionQueueEntry sqe = {};
    sqe.opc = spec::admin_opcode::create_io_completion_queue;
    sqe.prp1 = address(2);
    sqe.cdw10 = spec::create_cq_cdw10::qid.put(1) | spec::create_cq_cdw10::qsize.put(kZeroBased);
    sqe.cdw11 = spec::create_cq_cdw11::pc.put(1) | spec::create_cq_cdw11::ien.put(interrupts) |
                spec::create_cq_cdw11::iv.put(vector);
    REQUIRE(admin.run(sqe) == spec::status::success);
    sqe.opc = spec::admin_opcode::create_io_submission_queue;
    sqe.prp1 = address(3);
    sqe.cdw11 = spec::create_sq_cdw11::pc.put(1) | spec::create_sq_cdw11::cqid.put(1);
    REQUIRE(admin.run(sqe) == spec::status::success);
  }

  // One page of data at `lba`, from or to data page `data_page`.
  spec::SubmissionQueueEntry io_command(uint8_t opcode, uint64_t lba, uint64_t prp1,
                                        uint32_t lba_byte_length = 512) {
    spec::SubmissionQueueEntry sqe = {};
    sqe.opc = opcode;
    sqe.nsid = 1;
    sqe.prp1 = prp1;
    sqe.cdw10 = static_cast<uint32_t>(lba);
    sqe.cdw11 = static_cast<uint32_t>(lba >> 32);
    sqe.cdw12 = static_cast<uint32_t>(kPage / lba_byte_length - 1);
    return sqe;
  }

  std::byte* page(size_t index) { return memory_->bytes() + index * kPage; }
  uint64_t address(size_t index) { return memory_->io_address(index * kPage); }
  const DmaDescriptor& memory() const { return *memory_; }

 private:
  bool wait_ready(uint32_t ready) {
    return wait_until(thread_waiter(), kPatienceNs, [&] {
      return spec::csts::rdy.get(transport_->read_register32(spec::registers::csts)) == ready;
    });
  }

  std::shared_ptr<Transport> transport_;
  std::shared_ptr<DmaDescriptor> memory_;

 public:
  RawQueue admin;
  RawQueue io;
};

}  // namespace nvm::test

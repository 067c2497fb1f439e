// SPDX-License-Identifier: MIT
// A host with nothing but messages: maps its memory, enables the controller, and runs commands on
// it, each by a register write. What it talks to is a Channel: a Device called directly, or a
// server behind a socket.
#pragma once

#include <doctest/doctest.h>
#include <sys/mman.h>

#include <atomic>
#include <chrono>
#include <initializer_list>

#include "platform/unique_fd.h"
#include "spec/nvme.h"
#include "vfio_user/wire.h"

namespace nvm::vfio_user::test {

constexpr auto kPatience = std::chrono::seconds(20);
constexpr uint16_t kCode = 0x7ff;  // of a status: its type and code, without CRD, MORE and DNR

class Channel {
 public:
  virtual ~Channel() = default;
  // Sends one command and returns the whole reply; empty when the connection ended.
  virtual Bytes call(CommandCode code, const Bytes& payload,
                     std::initializer_list<int> fds = {}) = 0;
  // Gives the device a chance to work.
  virtual void idle() = 0;
};

// Memory of the client, as a descriptor and mapped.
class SharedMemory {
 public:
  explicit SharedMemory(size_t byte_length)
      : byte_length_(byte_length), fd_(memfd_create("guest", MFD_CLOEXEC)) {
    REQUIRE(ftruncate(fd_.get(), static_cast<off_t>(byte_length)) == 0);
    void* mapped = mmap(nullptr, byte_length, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
    REQUIRE(mapped != MAP_FAILED);
    bytes_ = static_cast<std::byte*>(mapped);
  }
  ~SharedMemory() { munmap(bytes_, byte_length_); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  int fd() const { return fd_.get(); }
  std::byte* bytes() const { return bytes_; }
  size_t byte_length() const { return byte_length_; }

 private:
  size_t byte_length_;
  UniqueFd fd_;
  std::byte* bytes_;
};

class Guest {
 public:
  // Where the guest's memory is for the device: a client's choice, not aligned to huge pages.
  static constexpr uint64_t kBase = 0x7f1234567000;
  static constexpr size_t kByteLength = 1 << 20;
  static constexpr uint32_t kEntries = 32;
  // Offsets in the memory.
  static constexpr size_t kAdminSubmission = 0x0000, kAdminCompletion = 0x1000;
  static constexpr size_t kSubmission = 0x2000, kCompletion = 0x3000;
  static constexpr size_t kData = 0x10000;

  explicit Guest(Channel& channel) : channel_(channel), memory_(kByteLength) {}

  void agree_version() {
    CHECK(error_of(channel_.call(CommandCode::Version, join(VersionBody{0, 1}))) == 0);
  }
  int map_memory() {
    DmaMapBody body{sizeof body, 3, 0, kBase, kByteLength};
    return error_of(channel_.call(CommandCode::DmaMap, join(body), {memory_.fd()}));
  }
  int unmap_memory() {
    DmaUnmapBody body{sizeof body, 0, kBase, kByteLength};
    return error_of(channel_.call(CommandCode::DmaUnmap, join(body)));
  }

  template <class T>
  T read(uint32_t region, uint64_t offset) {
    Bytes reply =
        channel_.call(CommandCode::RegionRead, join(RegionAccessBody{offset, region, sizeof(T)}));
    CHECK(error_of(reply) == 0);
    return body_of<T>(reply, sizeof(RegionAccessBody));
  }
  template <class T>
  void write(uint32_t region, uint64_t offset, T value) {
    RegionAccessBody body{offset, region, sizeof(T)};
    CHECK(error_of(channel_.call(CommandCode::RegionWrite, join(body, value))) == 0);
  }

  // Rings in a page of doorbells instead of by messages.
  void use_doorbells(uint32_t* doorbells) { doorbells_ = doorbells; }

  // CC.EN to 1 with fresh admin queues; true when the controller became ready.
  bool enable() {
    write<uint16_t>(7, 4, 0x0406);  // PCI command: memory, bus master, no pin interrupt
    std::memset(memory_.bytes(), 0, kData);
    admin_ = Ring{kAdminSubmission, kAdminCompletion, 0};
    io_ = Ring{kSubmission, kCompletion, 1};
    write<uint64_t>(0, spec::registers::asq, kBase + kAdminSubmission);
    write<uint64_t>(0, spec::registers::acq, kBase + kAdminCompletion);
    write<uint32_t>(0, spec::registers::aqa, (kEntries - 1) << 16 | (kEntries - 1));
    write<uint32_t>(0, spec::registers::cc, 0x00460001);
    return wait([&] { return read<uint32_t>(0, spec::registers::csts) == 1; });
  }
  bool disable() {
    write<uint32_t>(0, spec::registers::cc, 0x00460000);
    return wait([&] { return read<uint32_t>(0, spec::registers::csts) == 0; });
  }

  uint16_t admin(spec::SubmissionQueueEntry sqe) { return run(admin_, sqe); }
  uint16_t io(spec::SubmissionQueueEntry sqe) { return run(io_, sqe); }

  uint16_t identify_controller() {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = spec::admin_opcode::identify;
    sqe.prp1 = kBase + kData;
    sqe.cdw10 = spec::cns::identify_controller;
    return admin(sqe);
  }
  uint16_t create_io_queues() {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = spec::admin_opcode::create_io_completion_queue;
    sqe.prp1 = kBase + kCompletion;
    sqe.cdw10 = (kEntries - 1) << 16 | 1;
    sqe.cdw11 = 1u << 16 | 3;  // vector 1, interrupts enabled, contiguous
    uint16_t status = admin(sqe);
    if (status != 0) return status;
    sqe.opc = spec::admin_opcode::create_io_submission_queue;
    sqe.prp1 = kBase + kSubmission;
    sqe.cdw11 = 1u << 16 | 1;
    return admin(sqe);
  }
  // One block between `lba` and the memory at `address`.
  uint16_t transfer_block(uint8_t opcode, uint64_t lba, uint64_t address) {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = opcode;
    sqe.nsid = 1;
    sqe.prp1 = address;
    sqe.cdw10 = static_cast<uint32_t>(lba);
    return io(sqe);
  }

  // Rings without waiting for a completion.
  void submit_block_read(uint64_t address) {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = spec::nvm_opcode::read;
    sqe.nsid = 1;
    sqe.prp1 = address;
    submit(io_, sqe);
  }

  std::byte* data() { return memory_.bytes() + kData; }
  SharedMemory& memory() { return memory_; }

  template <class Condition>
  bool wait(Condition condition) {
    auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      channel_.idle();
    }
    return true;
  }

  static constexpr uint16_t kNoCompletion = 0xffff;

 private:
  struct Ring {
    size_t submission = 0;
    size_t completion = 0;
    uint32_t id = 0;
    uint32_t tail = 0;
    uint32_t head = 0;
    uint16_t phase = 1;
  };

  void write_doorbell(uint32_t index, uint32_t value) {
    if (doorbells_ == nullptr) return write<uint32_t>(0, 0x1000 + index * 4, value);
    std::atomic_ref<uint32_t>(doorbells_[index]).store(value, std::memory_order_release);
  }

  void submit(Ring& ring, spec::SubmissionQueueEntry sqe) {
    sqe.cid = static_cast<uint16_t>(ring.tail);
    std::memcpy(memory_.bytes() + ring.submission + ring.tail * sizeof sqe, &sqe, sizeof sqe);
    ring.tail = (ring.tail + 1) % kEntries;
    write_doorbell(ring.id * 2, ring.tail);
  }

  // The status of the completion, kNoCompletion when none came.
  uint16_t run(Ring& ring, const spec::SubmissionQueueEntry& sqe) {
    submit(ring, sqe);
    auto* entry = reinterpret_cast<spec::CompletionQueueEntry*>(memory_.bytes() + ring.completion) +
                  ring.head;
    auto status = [&] {
      return std::atomic_ref<uint16_t>(entry->status).load(std::memory_order_acquire);
    };
    if (!wait([&] { return (status() & 1) == ring.phase; })) return kNoCompletion;
    uint16_t result = status() >> 1;
    ring.head = (ring.head + 1) % kEntries;
    if (ring.head == 0) ring.phase ^= 1;
    write_doorbell(ring.id * 2 + 1, ring.head);
    return result;
  }

  Channel& channel_;
  SharedMemory memory_;
  Ring admin_, io_;
  uint32_t* doorbells_ = nullptr;
};

}  // namespace nvm::vfio_user::test

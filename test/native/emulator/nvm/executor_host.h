// SPDX-License-Identifier: MIT
// A namespace and its executor without a controller: commands and the host's memory are handed to
// it as they are.
#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "emulator/nvm/nvm_executor.h"

namespace nvm::emulator {

using Bytes = std::vector<std::byte>;

inline Bytes bytes_of(size_t byte_length, unsigned first) {
  Bytes bytes(byte_length);
  for (size_t i = 0; i < byte_length; i++) {
    bytes[i] = static_cast<std::byte>(first + i * 7 + i / 251);
  }
  return bytes;
}

class StillClock final : public Clock {
 public:
  uint64_t now_ns() override { return now; }
  uint64_t now = 1'000'000;
};

// A store in a vector that is memory for the executor, or is reached by operations only; those then
// end at once or when the test says so.
class VectorStore final : public Store {
 public:
  explicit VectorStore(uint64_t byte_length) : memory(byte_length) {}
  uint64_t byte_length() const override { return memory.size(); }
  bool read_only() const override { return protect; }
  std::byte* bytes() override { return is_memory ? memory.data() : nullptr; }
  bool may_fault() const override { return false; }
  Progress begin_read(Operation& operation, uint64_t offset, void* to,
                      size_t byte_length) override {
    REQUIRE(offset + byte_length <= memory.size());
    if (fails) return Progress::Failed;
    memcpy(to, memory.data() + offset, byte_length);
    return begin(operation);
  }
  Progress begin_write(Operation& operation, uint64_t offset, const void* from,
                       size_t byte_length) override {
    REQUIRE(offset + byte_length <= memory.size());
    if (fails) return Progress::Failed;
    memcpy(memory.data() + offset, from, byte_length);
    return begin(operation);
  }
  Progress begin_flush(Operation& operation) override {
    flushes++;
    if (fails) return Progress::Failed;
    return begin(operation);
  }
  Progress begin_deallocate(Operation& operation, uint64_t offset, uint64_t byte_length) override {
    REQUIRE(offset + byte_length <= memory.size());
    if (fails) return Progress::Failed;
    memset(memory.data() + offset, 0, byte_length);
    deallocated += byte_length;
    return begin(operation);
  }
  // Ends the operation that is under way.
  void end(Progress outcome) {
    if (held != nullptr) std::exchange(held, nullptr)->progress.store(outcome);
  }

  Bytes memory;
  bool is_memory = true;
  bool holds = false;
  bool protect = false;
  bool fails = false;
  unsigned flushes = 0;
  uint64_t deallocated = 0;
  Operation* held = nullptr;

 private:
  Progress begin(Operation& operation) {
    if (!holds) return Progress::Done;
    operation.progress.store(Progress::Pending);
    held = &operation;
    return Progress::Pending;
  }
};

struct ExecutorHost {
  explicit ExecutorHost(const NamespaceFormat& format = {}, uint64_t block_count = 2048,
                        bool is_memory = true) {
    auto data_store = std::make_unique<VectorStore>(block_count * format.data_byte_length());
    store = data_store.get();
    store->is_memory = is_memory;
    std::unique_ptr<VectorStore> other;
    if (format.metadata_byte_length() != 0) {
      other = std::make_unique<VectorStore>(block_count * format.metadata_byte_length());
      other->is_memory = is_memory;
    }
    metadata_store = other.get();
    ns = make_nvm_namespace(std::move(data_store), std::move(other), format, nullptr);
  }

  // Runs `sqe` to its end with the host's memory in `data` and `metadata`, which must be as long as
  // it says. The status without Do Not Retry.
  uint16_t run(const spec::SubmissionQueueEntry& sqe, Bytes& data, Bytes& metadata) {
    const HostLengths lengths = ns->executor->host_lengths(sqe);
    CHECK(lengths.data == data.size());
    CHECK(lengths.metadata == metadata.size());
    command.sqe = sqe;
    command.status_field = 0;
    command.dword0 = 0;
    command.complete_at_ns = command.retry_at_ns = 0;
    point(command.data, data);
    point(command.metadata, metadata);
    Progress progress = ns->executor->begin(command, clock);
    for (steps = 1; progress == Progress::Pending; steps++) {
      REQUIRE(steps < 100'000);
      if (command.retry_at_ns != 0) return kRetry;
      store->end(Progress::Done);
      if (metadata_store != nullptr) metadata_store->end(Progress::Done);
      progress = go_on(command);
    }
    return command.status_field & static_cast<uint16_t>(~spec::status::dnr);
  }
  uint16_t run(const spec::SubmissionQueueEntry& sqe, Bytes& data) {
    Bytes none;
    return run(sqe, data, none);
  }
  uint16_t run(const spec::SubmissionQueueEntry& sqe) {
    Bytes none;
    return run(sqe, none, none);
  }

  // In two segments, so that nothing may take them for one.
  static void point(Transfer& transfer, Bytes& bytes) {
    transfer.clear();
    const size_t half = bytes.size() / 2 / 3 * 3;
    if (half != 0) transfer.append({bytes.data(), half, true, nullptr, 0});
    if (half != bytes.size()) {
      transfer.append({bytes.data() + half, bytes.size() - half, false, nullptr, 0});
    }
  }

  static spec::SubmissionQueueEntry entry(uint8_t opcode, uint64_t lba, uint32_t block_count,
                                          uint32_t cdw12 = 0) {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = opcode;
    sqe.nsid = 1;
    sqe.cdw10 = static_cast<uint32_t>(lba);
    sqe.cdw11 = static_cast<uint32_t>(lba >> 32);
    sqe.cdw12 = (block_count - 1) | cdw12;
    return sqe;
  }

  static constexpr uint16_t kRetry = 0xffff;
  StillClock clock;
  VectorStore* store;
  VectorStore* metadata_store;
  std::unique_ptr<Namespace> ns;
  Command command;
  int steps = 0;  // of the last command
};

constexpr uint32_t kForceUnitAccess = spec::write_cdw12::fua.mask;

constexpr uint32_t prinfo(uint8_t bits) {
  return spec::write_cdw12::prinfo.put(bits);
}
constexpr uint8_t kPract = spec::prinfo::pract.mask;
constexpr uint8_t kGuard = spec::prinfo::prchk_guard.mask;
constexpr uint8_t kApplication = spec::prinfo::prchk_app.mask;
constexpr uint8_t kReference = spec::prinfo::prchk_ref.mask;
constexpr uint8_t kCheckAll = kGuard | kApplication | kReference;

}  // namespace nvm::emulator

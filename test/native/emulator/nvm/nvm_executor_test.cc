// SPDX-License-Identifier: MIT
// The NVM command set through a controller: data, ranges, durability, stores that are not memory.
#include "emulator/nvm/nvm_executor.h"

#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

using namespace spec::nvm_opcode;
constexpr uint64_t kStoreBytes = 1 << 20;
constexpr uint32_t kForceUnitAccess = 1u << 30;

// A store that is no memory of ours: its operations end when the test says so.
class RemoteStore final : public Store {
 public:
  uint64_t byte_length() const override { return kStoreBytes; }
  bool read_only() const override { return false; }
  std::byte* bytes() override { return nullptr; }
  bool may_fault() const override { return false; }
  Progress begin_read(StoreOperation& operation, uint64_t offset, void* to,
                      size_t byte_length) override {
    memset(to, static_cast<int>(offset / 512), byte_length);
    return begin(operation);
  }
  Progress begin_write(StoreOperation& operation, uint64_t offset, const void* from,
                       size_t byte_length) override {
    written.assign(static_cast<const std::byte*>(from),
                   static_cast<const std::byte*>(from) + byte_length);
    return begin(operation);
  }
  Progress begin_flush(StoreOperation& operation) override {
    flushes++;
    return begin(operation);
  }
  void end(Progress outcome) {
    for (StoreOperation* operation : std::exchange(held, {})) operation->progress.store(outcome);
  }

  bool immediate = false;
  unsigned flushes = 0;
  std::vector<std::byte> written;
  std::vector<StoreOperation*> held;

 private:
  Progress begin(StoreOperation& operation) {
    if (immediate) return Progress::Done;
    operation.progress.store(Progress::Pending);
    held.push_back(&operation);
    return Progress::Pending;
  }
};

struct Nvm : TestHost {
  explicit Nvm(uint32_t lba_byte_length = 512) {
    store = &add_namespace(kStoreBytes, lba_byte_length);
    enable();
    queue = create_pair(1, 16);
    page = allocate(4096);
  }
  uint16_t run(spec::SubmissionQueueEntry sqe) { return status_of(execute(queue, sqe)); }
  ScriptedStore* store;
  HostQueue queue;
  uint64_t page = 0;
};

TEST_CASE("what is written is read back, at 512 and 4096 bytes a block") {
  for (const uint32_t lba_byte_length : {512u, 4096u}) {
    Nvm host(lba_byte_length);
    const uint32_t count = 4096 / lba_byte_length;
    for (int i = 0; i < 512; i++) host.as<uint64_t>(host.page + i * 8) = 0x9e3779b97f4a7c15u * i;
    REQUIRE(host.run(TestHost::data_command(write, 1, 5, count, host.page)) == 0);
    CHECK(memcmp(host.store->memory.data() + 5 * lba_byte_length, host.at(host.page), 4096) == 0);
    const uint64_t other = host.allocate(4096);
    REQUIRE(host.run(TestHost::data_command(read, 2, 5, count, other)) == 0);
    CHECK(memcmp(host.at(other), host.at(host.page), 4096) == 0);
  }
}

TEST_CASE("no LBA range check: the last block is the last, and sums do not overflow") {
  Nvm host;
  constexpr uint64_t kLast = kStoreBytes / 512 - 1;
  for (const uint8_t opcode : {read, write, write_zeroes}) {
    CHECK(host.run(TestHost::data_command(opcode, 1, kLast, 1, host.page)) == 0);
    CHECK(host.run(TestHost::data_command(opcode, 1, kLast, 2, host.page)) ==
          spec::status::lba_out_of_range);
    CHECK(host.run(TestHost::data_command(opcode, 1, kLast + 1, 1, host.page)) ==
          spec::status::lba_out_of_range);
    CHECK(host.run(TestHost::data_command(opcode, 1, UINT64_MAX, 2, host.page)) ==
          spec::status::lba_out_of_range);
    CHECK(host.run(TestHost::data_command(opcode, 1, UINT64_MAX >> 9, 8, host.page)) ==
          spec::status::lba_out_of_range);
  }
}

TEST_CASE("oversized write asserts: no, a transfer above MDTS is Invalid Field") {
  PcieControllerLimits limits;
  limits.mdts = 1;
  TestHost host(limits);
  host.add_namespace(kStoreBytes);
  host.enable();
  HostQueue queue = host.create_pair(1, 4);
  const uint64_t pages = host.allocate(12288);
  const auto run = [&](uint8_t opcode, uint32_t blocks) {
    return TestHost::status_of(
        host.execute(queue, TestHost::data_command(opcode, 1, 0, blocks, pages, pages + 4096)));
  };
  CHECK(run(write, 16) == 0);
  CHECK(run(write, 17) == spec::status::invalid_field);
  CHECK(run(read, 17) == spec::status::invalid_field);
  CHECK(run(read, 65536) == spec::status::invalid_field);
}

TEST_CASE("unknown opcodes succeed: no, Invalid Command Opcode") {
  Nvm host;
  for (int opcode = 0; opcode < 256; opcode++) {
    if (opcode == flush || opcode == write || opcode == read || opcode == write_zeroes) continue;
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = static_cast<uint8_t>(opcode);
    sqe.nsid = 1;
    CHECK(host.run(sqe) == spec::status::invalid_opcode);
  }
}

TEST_CASE("commands for namespaces that are not there") {
  Nvm host;
  auto sqe = TestHost::data_command(read, 1, 0, 1, host.page);
  for (const uint32_t nsid : {0u, 2u, 0xfffffffeu, 0xffffffffu}) {
    sqe.nsid = nsid;
    CHECK(host.run(sqe) == spec::status::invalid_namespace_or_format);
  }
}

TEST_CASE("fused and SGL commands are refused") {
  Nvm host;
  auto sqe = TestHost::data_command(read, 1, 0, 1, host.page);
  for (const uint8_t flags : {1, 2, 3, 0x40, 0x80, 0xc0}) {
    sqe.flags = flags;
    CHECK(host.run(sqe) == spec::status::invalid_field);
  }
}

TEST_CASE("a write-protected namespace refuses to change and still reads and flushes") {
  Nvm host;
  host.store->protect = true;
  CHECK(host.run(TestHost::data_command(write, 1, 0, 1, host.page)) ==
        spec::status::namespace_is_write_protected);
  CHECK(host.run(TestHost::data_command(write_zeroes, 1, 0, 1, 0)) ==
        spec::status::namespace_is_write_protected);
  CHECK(host.run(TestHost::data_command(read, 1, 0, 1, host.page)) == 0);
  CHECK(host.run(TestHost::data_command(flush, 1, 0, 1, 0)) == 0);
}

TEST_CASE("Write Zeroes zeroes its range and no more, up to its limit") {
  Nvm host;
  std::fill(host.store->memory.begin(), host.store->memory.end(), std::byte{7});
  CHECK(host.run(TestHost::data_command(write_zeroes, 1, 2, 3, 0)) == 0);
  CHECK(host.store->memory[1023] == std::byte{7});
  CHECK(host.store->memory[1024] == std::byte{0});
  CHECK(host.store->memory[2559] == std::byte{0});
  CHECK(host.store->memory[2560] == std::byte{7});
  CHECK(host.run(TestHost::data_command(write_zeroes, 1, 0, kStoreBytes / 512, 0)) == 0);
  TestHost large;
  large.add_namespace(4 << 20);
  large.enable();
  HostQueue queue = large.create_pair(1, 4);
  const auto above = TestHost::data_command(write_zeroes, 1, 0, kWriteZeroesBytesMax / 512 + 1, 0);
  CHECK(TestHost::status_of(large.execute(queue, above)) == spec::status::invalid_field);
}

TEST_CASE("flush reaches the store and completes when the store has ended it") {
  Nvm host;
  host.store->hold_flushes = true;
  host.submit(host.queue, TestHost::data_command(flush, 3, 0, 1, 0));
  host.step_all();
  CHECK(host.store->flushes == 1);
  CHECK_FALSE(host.has_completion(host.queue));
  host.store->end_flushes(Progress::Done);
  host.step_all();
  CHECK(TestHost::status_of(host.take_completion(host.queue)) == 0);
}

TEST_CASE("a flush that fails is a Write Fault of that command only") {
  Nvm host;
  host.store->hold_flushes = true;
  host.submit(host.queue, TestHost::data_command(flush, 3, 0, 1, 0));
  host.submit(host.queue, TestHost::data_command(read, 4, 0, 1, host.page));
  host.step_all();
  CHECK(host.take_completion(host.queue).cid == 4);
  host.store->end_flushes(Progress::Failed);
  host.step_all();
  const auto entry = host.take_completion(host.queue);
  CHECK(entry.cid == 3);
  CHECK(TestHost::status_of(entry) == spec::status::write_fault);
}

TEST_CASE("a write with Force Unit Access flushes; one without does not") {
  Nvm host;
  auto sqe = TestHost::data_command(write, 1, 0, 1, host.page);
  CHECK(host.run(sqe) == 0);
  CHECK(host.store->flushes == 0);
  sqe.cdw12 |= kForceUnitAccess;
  CHECK(host.run(sqe) == 0);
  CHECK(host.store->flushes == 1);
  sqe.opc = write_zeroes;
  CHECK(host.run(sqe) == 0);
  CHECK(host.store->flushes == 2);
}

struct Remote : TestHost {
  Remote() {
    auto owned = std::make_unique<RemoteStore>();
    store = owned.get();
    subsystem.add_namespace(make_nvm_namespace(std::move(owned), 512, nullptr));
    enable();
    queue = create_pair(1, 16);
    page = allocate(4096);
  }
  RemoteStore* store;
  HostQueue queue;
  uint64_t page = 0;
};

TEST_CASE("a store that is not memory is read and written through its operations") {
  Remote host;
  host.submit(host.queue, TestHost::data_command(read, 1, 9, 2, host.page));
  host.step_all();
  CHECK(host.as<uint8_t>(host.page) == 0);
  host.store->end(Progress::Done);
  host.step_all();
  CHECK(TestHost::status_of(host.take_completion(host.queue)) == 0);
  CHECK(host.as<uint8_t>(host.page + 1023) == 9);
  CHECK(host.as<uint8_t>(host.page + 1024) == 0);

  auto sqe = TestHost::data_command(write, 2, 0, 2, host.page);
  sqe.cdw12 |= kForceUnitAccess;
  host.submit(host.queue, sqe);
  host.step_all();
  CHECK(host.store->flushes == 0);
  host.store->end(Progress::Done);
  host.step_all();
  CHECK(host.store->flushes == 1);
  CHECK_FALSE(host.has_completion(host.queue));
  host.store->end(Progress::Done);
  host.step_all();
  CHECK(TestHost::status_of(host.take_completion(host.queue)) == 0);
  CHECK(host.store->written == std::vector<std::byte>(1024, std::byte{9}));

  host.store->immediate = true;
  CHECK(TestHost::status_of(
            host.execute(host.queue, TestHost::data_command(write_zeroes, 3, 0, 1, 0))) == 0);
  CHECK(host.store->written == std::vector<std::byte>(512, std::byte{0}));
}

TEST_CASE("errors of a store that is not memory are media errors") {
  Remote host;
  host.submit(host.queue, TestHost::data_command(read, 1, 0, 1, host.page));
  host.submit(host.queue, TestHost::data_command(write, 2, 0, 1, host.page));
  host.step_all();
  host.store->end(Progress::Failed);
  host.step_all();
  CHECK(TestHost::status_of(host.take_completion(host.queue)) ==
        spec::status::unrecovered_read_error);
  CHECK(TestHost::status_of(host.take_completion(host.queue)) == spec::status::write_fault);
}

TEST_CASE("host memory that was unmapped while the store worked is not touched") {
  Remote host;
  std::vector<std::byte> memory(4096);
  REQUIRE(host.controller.domain().add({0x1000, 4096, memory.data(), false, true}));
  host.submit(host.queue, TestHost::data_command(read, 1, 9, 1, 0x1000));
  host.step_all();
  REQUIRE(host.controller.domain().remove(0x1000, 4096));
  host.store->end(Progress::Done);
  host.step_all();
  CHECK(TestHost::status_of(host.take_completion(host.queue)) == spec::status::data_transfer_error);
  CHECK(memory[0] == std::byte{0});
}

TEST_CASE("resetting while the store works frees nothing that it still writes to") {
  Remote host;
  host.submit(host.queue, TestHost::data_command(read, 1, 9, 1, host.page));
  host.step_all();
  host.controller.reset();
  host.enable();
  HostQueue again = host.create_pair(1, 4);
  host.submit(again, TestHost::data_command(read, 2, 3, 1, host.page));
  host.step_all();
  REQUIRE(host.store->held.size() == 2);
  host.store->end(Progress::Done);
  host.step_all();
  CHECK(host.take_completion(again).cid == 2);
  CHECK(host.as<uint8_t>(host.page) == 3);
}

}  // namespace
}  // namespace nvm::emulator

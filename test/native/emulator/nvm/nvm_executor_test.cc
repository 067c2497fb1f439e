// SPDX-License-Identifier: MIT
// The NVM command set through a controller: what its queues and data pointers add to it.
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
  Progress begin_read(Operation& operation, uint64_t offset, void* to,
                      size_t byte_length) override {
    memset(to, static_cast<int>(offset / 512), byte_length);
    return begin(operation);
  }
  Progress begin_write(Operation& operation, uint64_t offset, const void* from,
                       size_t byte_length) override {
    written.assign(static_cast<const std::byte*>(from),
                   static_cast<const std::byte*>(from) + byte_length);
    return begin(operation);
  }
  Progress begin_flush(Operation& operation) override {
    flushes++;
    return begin(operation);
  }
  Progress begin_deallocate(Operation& operation, uint64_t, uint64_t) override {
    return begin(operation);
  }
  void end(Progress outcome) {
    for (Operation* operation : std::exchange(held, {})) operation->progress.store(outcome);
  }

  bool immediate = false;
  unsigned flushes = 0;
  std::vector<std::byte> written;
  std::vector<Operation*> held;

 private:
  Progress begin(Operation& operation) {
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

TEST_CASE("commands for namespaces that are not there") {
  Nvm host;
  auto sqe = TestHost::data_command(read, 1, 0, 1, host.page);
  for (const uint32_t nsid : {0u, 0xfffffffeu}) {
    sqe.nsid = nsid;
    CHECK(host.run(sqe) == spec::status::invalid_namespace_or_format);
  }
  for (const uint32_t nsid : {2u, 0xffffffffu}) {
    sqe.nsid = nsid;
    CHECK(host.run(sqe) == spec::status::invalid_field);
  }
}

TEST_CASE("metadata comes through its own pointer, or between the blocks") {
  for (const bool extended : {false, true}) {
    TestHost host;
    const NamespaceFormat format{2, extended, 0, false};
    auto store = std::make_unique<ScriptedStore>(kStoreBytes);
    auto metadata_store = std::make_unique<ScriptedStore>(kStoreBytes / 512 * 8);
    host.subsystem.add_namespace(
        make_nvm_namespace(std::move(store), std::move(metadata_store), format, nullptr));
    host.enable();
    HostQueue queue = host.create_pair(1, 4);
    const uint64_t data = host.allocate(8192);
    const uint64_t metadata = host.allocate(4096) + 32;
    const uint32_t data_length = 7 * (extended ? 520 : 512);
    for (uint32_t i = 0; i < data_length; i++) {
      host.as<uint8_t>(data + i) = static_cast<uint8_t>(i * 7);
    }
    memset(host.at(metadata), 0x5a, 7 * 8);
    auto sqe = TestHost::data_command(write, 1, 3, 7, data);
    sqe.mptr = metadata;
    REQUIRE(TestHost::status_of(host.execute(queue, sqe)) == 0);
    const std::vector<std::byte> sent(host.at(data), host.at(data) + data_length);
    memset(host.at(data), 0, data_length);
    memset(host.at(metadata), 0, 7 * 8);
    sqe.opc = read;
    REQUIRE(TestHost::status_of(host.execute(queue, sqe)) == 0);
    CHECK(memcmp(host.at(data), sent.data(), data_length) == 0);
    for (int i = 0; i < 7 * 8; i++) {
      CHECK(host.as<uint8_t>(metadata + i) == (extended ? 0 : 0x5a));
    }
    CHECK(host.as<uint8_t>(metadata + 7 * 8) == 0);
  }
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

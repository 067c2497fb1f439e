// SPDX-License-Identifier: MIT
// A host whose memory is reached only by messages: its queues, its lists, its data, its interrupts.
#include "emulator/queue_mirror.h"

#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

// The same memory that TestHost has, behind requests that end when the test says so.
class SlowMemory final : public RemoteMemory {
 public:
  explicit SlowMemory(std::byte* first) : first_(first) {}

  Progress begin_read(Operation& operation, uint64_t address, std::byte* to,
                      size_t byte_length) override {
    reads++;
    return begin({&operation, address, to, nullptr, byte_length});
  }
  Progress begin_write(Operation& operation, uint64_t address, const std::byte* from,
                       size_t byte_length) override {
    writes++;
    return begin({&operation, address, nullptr, from, byte_length});
  }
  bool answer_one() {
    if (asked_.empty()) return false;
    const Request request = asked_.front();
    asked_.erase(asked_.begin());
    std::byte* here = first_ + (request.address - kMemoryAddress);
    if (request.to != nullptr) memcpy(request.to, here, request.byte_length);
    if (request.from != nullptr) memcpy(here, request.from, request.byte_length);
    request.operation->progress.store(failing ? Progress::Failed : Progress::Done,
                                      std::memory_order_release);
    return true;
  }
  bool failing = false;
  bool at_once = false;
  unsigned reads = 0;
  unsigned writes = 0;

 private:
  struct Request {
    Operation* operation;
    uint64_t address;
    std::byte* to;
    const std::byte* from;
    size_t byte_length;
  };
  Progress begin(const Request& request) {
    request.operation->progress.store(Progress::Pending);
    asked_.push_back(request);
    if (!at_once) return Progress::Pending;
    answer_one();
    return Progress::Done;
  }
  std::byte* first_;
  std::vector<Request> asked_;
};

struct Distant : TestHost {
  Distant() : memory(at(kMemoryAddress)) {
    store = &add_namespace(4 << 20);
    for (size_t i = 0; i < store->memory.size(); i++) {
      store->memory[i] = static_cast<std::byte>(i * 31 >> 4);
    }
    Domain& domain = controller.domain();
    REQUIRE(domain.remove(kMemoryAddress, 24 << 20));
    REQUIRE(domain.add({kMemoryAddress, 24 << 20, nullptr, false, true, &memory}));
    memory.at_once = true;
    enable();
    queue = create_pair(1, 8);
    memory.at_once = false;
    controller.set_interrupt_sink(&sink);
  }
  ~Distant() {
    controller.set_interrupt_sink(nullptr);
    controller.reset();
    while (memory.answer_one()) {
    }
    controller.step(clock);
  }
  void talk() {
    step_all();
    while (memory.answer_one()) step_all();
  }
  spec::CompletionQueueEntry run(const spec::SubmissionQueueEntry& sqe) {
    submit(queue, sqe);
    talk();
    return take_completion(queue);
  }
  SlowMemory memory;
  ScriptedStore* store;
  HostQueue queue;
  CountingSink sink;
};

TEST_CASE("queues in distant memory: entries are brought, completions taken over, around the end") {
  Distant host;
  spec::SubmissionQueueEntry flush{};
  flush.nsid = 1;
  uint16_t cid = 0;
  for (int round = 0; round < 6; round++) {
    const uint16_t first = cid;
    for (int i = 0; i < 5; i++) {
      flush.cid = cid++;
      host.place(host.queue, flush);
    }
    host.ring_tail(host.queue);
    host.step_all();
    CHECK_FALSE(host.has_completion(host.queue));
    host.talk();
    for (uint16_t i = 0; i < 5; i++) {
      const auto entry = host.take_completion(host.queue);
      CHECK(entry.cid == first + i);
      CHECK(TestHost::status_of(entry) == 0);
    }
  }
}

TEST_CASE("the pin is asserted when a completion has arrived, no sooner") {
  struct Level final : InterruptSink {
    void raise(uint16_t) override {}
    void set_pin(bool asserted) override { pin = asserted; }
    bool pin = false;
  } level;
  Distant host;
  host.controller.set_interrupt_sink(&level);
  host.controller.use_pin(true);
  spec::SubmissionQueueEntry unknown{};
  unknown.opc = 0xc0;
  host.submit(host.admin, unknown);
  host.step_all();
  REQUIRE(host.memory.answer_one());  // the entry is here
  host.step_all();
  CHECK_FALSE(level.pin);
  REQUIRE(host.memory.answer_one());
  host.step_all();
  CHECK(level.pin);
  host.take_completion(host.admin);
  host.step_all();
  CHECK_FALSE(level.pin);
  host.controller.set_interrupt_sink(nullptr);
}

TEST_CASE("an interrupt comes after its completion has arrived, once") {
  Distant host;
  host.sink.raised.clear();
  spec::SubmissionQueueEntry unknown{};
  unknown.opc = 0xc0;
  host.submit(host.admin, unknown);
  host.step_all();
  REQUIRE(host.memory.answer_one());  // the entry is here
  host.step_all();
  CHECK(host.sink.raised.empty());  // its completion is on its way
  REQUIRE(host.memory.answer_one());
  host.step_all();
  CHECK(host.sink.raised == std::vector<uint16_t>{0});
  CHECK(TestHost::status_of(host.take_completion(host.admin)) == spec::status::invalid_opcode);
  host.talk();
  CHECK(host.sink.raised.size() == 1);
}

TEST_CASE("data and PRP lists in distant memory, lists that go on in lists") {
  Distant host;
  constexpr uint32_t kPages = 32;
  const uint64_t data = host.allocate(kPages * 4096);
  const uint64_t lists = host.allocate(2 * 4096);
  const uint64_t first_list = lists + 4096 - 2 * 8;
  host.as<uint64_t>(first_list) = data + 4096;
  host.as<uint64_t>(first_list + 8) = lists + 4096;
  for (uint32_t page = 2; page < kPages; page++) {
    host.as<uint64_t>(lists + 4096 + (page - 2) * 8) = data + page * 4096;
  }
  const auto read =
      TestHost::data_command(spec::nvm_opcode::read, 5, 8, kPages * 8, data, first_list);
  CHECK(TestHost::status_of(host.run(read)) == 0);
  CHECK(memcmp(host.at(data), host.store->memory.data() + 8 * 512, kPages * 4096) == 0);
}

TEST_CASE("an SGL in distant memory") {
  Distant host;
  const uint64_t data = host.allocate(8192);
  const uint64_t list = host.allocate(4096);
  spec::SglDescriptor blocks[2] = {};
  blocks[0].address = data + 100;
  blocks[0].length = 300;
  blocks[1].address = data + 4096;
  blocks[1].length = 212;
  memcpy(host.at(list), blocks, sizeof(blocks));
  spec::SglDescriptor last{};
  last.address = list;
  last.length = sizeof(blocks);
  last.identifier = spec::sgl_identifier::type.put(spec::sgl_descriptor_type::last_segment);
  auto sqe = TestHost::data_command(spec::nvm_opcode::read, 5, 0, 1, 0);
  memcpy(&sqe.prp1, &last, sizeof(last));
  sqe.flags = spec::sqe_flags::psdt.put(1);
  CHECK(TestHost::status_of(host.run(sqe)) == 0);
  CHECK(memcmp(host.at(data + 100), host.store->memory.data(), 300) == 0);
  CHECK(memcmp(host.at(data + 4096), host.store->memory.data() + 300, 212) == 0);
}

TEST_CASE("a list that cannot be brought is an error of its command; a queue, of the controller") {
  Distant host;
  const uint64_t data = host.allocate(4 * 4096);
  const uint64_t list = host.allocate(4096);
  host.submit(host.queue, TestHost::data_command(spec::nvm_opcode::read, 5, 0, 32, data, list));
  host.step_all();
  REQUIRE(host.memory.answer_one());  // the entry
  host.step_all();
  host.memory.failing = true;
  REQUIRE(host.memory.answer_one());  // the list
  host.memory.failing = false;
  host.talk();
  CHECK(TestHost::status_of(host.take_completion(host.queue)) == spec::status::data_transfer_error);
  CHECK(host.read32(spec::registers::csts) == 1);
  host.submit(host.queue, TestHost::data_command(spec::nvm_opcode::read, 6, 0, 1, data));
  host.memory.failing = true;
  host.step_all();
  host.memory.answer_one();
  host.step_all();
  CHECK(spec::csts::cfs.get(host.read32(spec::registers::csts)) == 1);
}

TEST_CASE("a queue may be deleted, or its controller reset, while its entries are on their way") {
  Distant host;
  spec::SubmissionQueueEntry flush{};
  flush.nsid = 1;
  host.submit(host.queue, flush);
  host.step_all();
  host.write32(spec::registers::cc, 0);
  CHECK(host.read32(spec::registers::csts) == 0);
  while (host.memory.answer_one()) {
  }
  host.step_all();
  host.memory.at_once = true;
  host.enable();
  HostQueue again = host.create_pair(1, 8);
  CHECK(TestHost::status_of(host.execute(again, flush)) == 0);
}

}  // namespace
}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// Commands that users add: through a controller, as a host sees them.
#include "emulator/io_command.h"

#include <thread>

#include "../../../../examples/emulator/fused_read_write.cc"
#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

spec::SubmissionQueueEntry fused(uint32_t write_lba, uint32_t read_lba, uint32_t blocks,
                                 uint64_t buffer) {
  spec::SubmissionQueueEntry sqe{};
  sqe.opc = 0x66;
  sqe.nsid = 1;
  sqe.prp1 = buffer;
  sqe.cdw10 = write_lba;
  sqe.cdw12 = blocks - 1;
  sqe.cdw13 = blocks - 1;
  sqe.cdw14 = read_lba;
  return sqe;
}

struct Extended : TestHost {
  explicit Extended(std::unique_ptr<TimingModel> timing = nullptr) {
    store = &add_namespace(1 << 20, 512, std::move(timing));
    REQUIRE(subsystem.add_io_command(fused_read_write()));
    enable();
    queue = create_pair(1, 16);
    page = allocate(4096);
  }
  ScriptedStore* store;
  HostQueue queue;
  uint64_t page = 0;
};

TEST_CASE("4096 'R' come back where 4096 'W' were sent") {
  Extended host;
  memset(host.store->memory.data() + 8 * 512, 'R', 4096);
  memset(host.at(host.page), 'W', 4096);
  CHECK(TestHost::status_of(host.execute(host.queue, fused(100, 8, 8, host.page))) == 0);
  CHECK(std::string(reinterpret_cast<char*>(host.at(host.page)), 4096) == std::string(4096, 'R'));
  CHECK(std::string(reinterpret_cast<char*>(host.store->memory.data() + 100 * 512), 4096) ==
        std::string(4096, 'W'));
}

TEST_CASE("an added command takes the time that it asks for") {
  Extended host(std::make_unique<LatencyBandwidthModel>(1000, 0));
  host.submit(host.queue, fused(100, 8, 8, host.page));
  host.step_all();
  host.clock.now += 1999;
  host.step_all();
  CHECK_FALSE(host.has_completion(host.queue));
  host.clock.now += 1;
  host.step_all();
  CHECK(TestHost::status_of(host.take_completion(host.queue)) == 0);
}

TEST_CASE("an added command judges its fields, and a write-protected namespace refuses it") {
  Extended host;
  CHECK(TestHost::status_of(host.execute(host.queue, fused(2041, 0, 8, host.page))) ==
        spec::status::lba_out_of_range);
  CHECK(TestHost::status_of(host.execute(host.queue, fused(0, UINT32_MAX, 8, host.page))) ==
        spec::status::lba_out_of_range);
  CHECK(TestHost::status_of(host.execute(host.queue, fused(0, 0, 0, host.page))) ==
        spec::status::invalid_field);
  auto elsewhere = fused(0, 0, 8, host.page);
  elsewhere.prp1 = 0x1000;
  CHECK(TestHost::status_of(host.execute(host.queue, elsewhere)) ==
        spec::status::data_transfer_error);
  host.store->protect = true;
  CHECK(TestHost::status_of(host.execute(host.queue, fused(0, 0, 8, host.page))) ==
        spec::status::namespace_is_write_protected);
}

TEST_CASE("an opcode is given once, and the command set's own are not given at all") {
  Extended host;
  CHECK_FALSE(host.subsystem.add_io_command(fused_read_write()));
  IoCommand other = fused_read_write();
  other.opcode = spec::nvm_opcode::read;
  CHECK_FALSE(host.subsystem.add_io_command(other));
  other.opcode = 0x67;
  CHECK(host.subsystem.add_io_command(other));
}

// Waits for what another thread answers.
IoCommand asking(std::vector<Answer>& asked, const IoCommands& commands) {
  IoCommand command;
  command.opcode = 0x80;
  command.run = [&asked, &commands](Namespace&, Command& running) -> Task {
    const Answer answer = commands.make_answer();
    asked.push_back(answer);
    const Progress outcome = co_await answer.given();
    running.dword0 = 42;
    co_return outcome == Progress::Done ? spec::status::success : spec::status::internal_error;
  };
  return command;
}

struct Asking : Extended {
  Asking() { REQUIRE(subsystem.add_io_command(asking(asked, subsystem.io_commands()))); }
  void ask() {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = 0x80;
    sqe.nsid = 1;
    submit(queue, sqe);
    step_all();
  }
  std::vector<Answer> asked;
};

TEST_CASE("a command may wait for an answer from another thread, which wakes the device") {
  Asking host;
  std::atomic<int> wakes{0};
  host.subsystem.set_wake([&wakes] { wakes++; });
  for (const Progress outcome : {Progress::Done, Progress::Failed}) {
    host.ask();
    CHECK_FALSE(host.has_completion(host.queue));
    const int before = wakes;
    std::thread([&] { host.asked.back().give(outcome); }).join();
    CHECK(wakes == before + 1);
    host.step_all();
    const auto entry = host.take_completion(host.queue);
    CHECK(entry.dw0 == 42);
    CHECK((TestHost::status_of(entry) == 0) == (outcome == Progress::Done));
  }
}

TEST_CASE("an answer may come after a reset, and after the device is gone") {
  std::vector<Answer> late;
  {
    Asking host;
    host.ask();
    host.controller.reset();
    host.enable();
    host.queue = host.create_pair(1, 4);
    host.asked[0].give(Progress::Done);
    host.step_all();
    CHECK_FALSE(host.has_completion(host.queue));
    host.ask();
    late = host.asked;
  }
  late.back().give(Progress::Done);
}

}  // namespace
}  // namespace nvm::emulator

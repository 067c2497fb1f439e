// SPDX-License-Identifier: MIT
// Installed faults befall commands: late, lost, refused, posted wrongly, and controllers that go.
#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

struct Faulty : TestHost {
  Faulty() {
    store = &add_namespace(1 << 20);
    enable();
    queue = create_pair(1, 16);
    page = allocate(4096);
  }
  template <class Describe>
  void install(Describe describe) {
    Fault fault;
    fault.match.queues = FaultQueues::Io;
    fault.match.opcode = spec::nvm_opcode::write;
    describe(fault.action);
    fault.times = 1;
    REQUIRE(subsystem.faults().add(fault).ok());
  }
  spec::SubmissionQueueEntry write(uint16_t cid) {
    memset(at(page), 0x5a, 512);
    return data_command(spec::nvm_opcode::write, cid, 0, 1, page);
  }
  void submit_and_step(const spec::SubmissionQueueEntry& sqe) {
    submit(queue, sqe);
    step_all();
  }
  bool abort(uint16_t cid) {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = spec::admin_opcode::abort;
    sqe.cdw10 = 1u | uint32_t{cid} << 16;
    return execute_admin(sqe).dw0 == 0;
  }
  ScriptedStore* store;
  HostQueue queue;
  uint64_t page;
};

TEST_CASE("a delayed command moves its data late, and may be aborted before") {
  Faulty host;
  host.install([](FaultAction& action) { action.delay_ns = 5000; });
  host.submit_and_step(host.write(1));
  CHECK_FALSE(host.has_completion(host.queue));
  CHECK(host.store->memory[0] == std::byte{0});
  CHECK(host.controller.next_event_ns() == host.clock.now + 5000);
  host.clock.now += 5000;
  host.step_all();
  CHECK(TestHost::status_of(host.take_completion(host.queue)) == 0);
  CHECK(host.store->memory[0] == std::byte{0x5a});
  host.install([](FaultAction& action) { action.delay_ns = 5000; });
  host.submit_and_step(host.write(2));
  CHECK(host.abort(2));
  CHECK(TestHost::status_of(host.take_completion(host.queue)) == spec::status::command_aborted);
}

TEST_CASE("a dropped command is not executed, never completes and is not found by Abort") {
  Faulty host;
  host.install([](FaultAction& action) { action.drop = true; });
  host.submit_and_step(host.write(1));
  CHECK(host.store->memory[0] == std::byte{0});
  CHECK_FALSE(host.abort(1));
  CHECK_FALSE(host.has_completion(host.queue));
  CHECK(TestHost::status_of(host.execute(host.queue, host.write(2))) == 0);
}

TEST_CASE("an injected status replaces execution, with its Do Not Retry as given") {
  Faulty host;
  host.install([](FaultAction& action) { action.status_field = spec::status::write_fault; });
  const auto retry = host.execute(host.queue, host.write(1));
  CHECK(TestHost::status_of(retry) == spec::status::write_fault);
  CHECK(spec::status_field::dnr.get(static_cast<uint16_t>(retry.status >> 1)) == 0);
  host.install([](FaultAction& action) {
    action.status_field = spec::status::write_fault | spec::status::dnr;
  });
  const auto fatal = host.execute(host.queue, host.write(2));
  CHECK(spec::status_field::dnr.get(static_cast<uint16_t>(fatal.status >> 1)) == 1);
  CHECK(host.store->memory[0] == std::byte{0});
  host.install([](FaultAction& action) { action.status_field = spec::status::success; });
  CHECK(TestHost::status_of(host.execute(host.queue, host.write(3))) == 0);
  CHECK(host.store->memory[0] == std::byte{0});
}

TEST_CASE("completions twice, with a wrong identifier, with a wrong phase") {
  Faulty host;
  host.install([](FaultAction& action) { action.completion = CompletionFault::Duplicate; });
  host.submit_and_step(host.write(1));
  CHECK(host.take_completion(host.queue).cid == 1);
  CHECK(host.take_completion(host.queue).cid == 1);
  host.install([](FaultAction& action) { action.completion = CompletionFault::UnknownCid; });
  host.submit_and_step(host.write(2));
  CHECK(host.take_completion(host.queue).cid == 0xfffd);
  host.install([](FaultAction& action) { action.completion = CompletionFault::WrongPhase; });
  host.submit_and_step(host.write(3));
  CHECK_FALSE(host.has_completion(host.queue));
}

TEST_CASE("a second completion takes no room that the commands behind it count on") {
  for (const uint16_t count : {2, 3}) {
    Faulty host;
    HostQueue small = host.create_pair(2, 4);
    host.install([](FaultAction& action) { action.completion = CompletionFault::Duplicate; });
    for (uint16_t cid = 1; cid <= count; cid++) host.place(small, host.write(cid));
    host.ring_tail(small);
    host.step_all();
    std::vector<uint16_t> seen;
    while (host.has_completion(small)) seen.push_back(host.take_completion(small).cid);
    CHECK(seen == (count == 2 ? std::vector<uint16_t>{1, 1, 2} : std::vector<uint16_t>{1, 2, 3}));
  }
}

TEST_CASE("a stopped controller does nothing more until it is reset, and does not say so") {
  Faulty host;
  host.install([](FaultAction& action) { action.controller = ControllerFault::Stop; });
  host.submit_and_step(host.write(1));
  CHECK_FALSE(host.has_completion(host.queue));
  CHECK(host.read32(spec::registers::csts) == 1);
  CHECK_FALSE(host.step());
  host.write32(spec::registers::cc, 0);
  host.enable();
  HostQueue again = host.create_pair(1, 16);
  CHECK(TestHost::status_of(host.execute(again, host.write(2))) == 0);
}

TEST_CASE("a controller that fails says so") {
  Faulty host;
  host.install([](FaultAction& action) { action.controller = ControllerFault::Fatal; });
  host.submit_and_step(host.write(1));
  CHECK(spec::csts::cfs.get(host.read32(spec::registers::csts)) == 1);
  CHECK_FALSE(host.has_completion(host.queue));
}

TEST_CASE("a controller that was removed reads all ones, and a reset does not bring it back") {
  Faulty host;
  host.install([](FaultAction& action) { action.controller = ControllerFault::Remove; });
  host.submit_and_step(host.write(1));
  CHECK(host.read32(spec::registers::csts) == UINT32_MAX);
  CHECK(host.controller.read_register(spec::registers::cap, 8) == UINT64_MAX);
  const auto* bar = reinterpret_cast<const uint32_t*>(host.controller.bar());
  CHECK(bar[spec::registers::csts / 4] == UINT32_MAX);
  host.write32(spec::registers::cc, 0);
  host.write32(spec::registers::cc, kEnable);
  host.controller.reset();
  CHECK(host.read32(spec::registers::vs) == UINT32_MAX);
  CHECK_FALSE(host.step());
}

TEST_CASE("admin commands suffer too") {
  Faulty host;
  Fault fault;
  fault.match.queues = FaultQueues::Admin;
  fault.match.opcode = spec::admin_opcode::identify;
  fault.action.status_field = spec::status::internal_error;
  REQUIRE(host.subsystem.faults().add(fault).ok());
  spec::SubmissionQueueEntry identify{};
  identify.opc = spec::admin_opcode::identify;
  identify.cdw10 = 1;
  identify.prp1 = host.page;
  CHECK(TestHost::status_of(host.execute_admin(identify)) == spec::status::internal_error);
  host.subsystem.faults().clear();
  CHECK(TestHost::status_of(host.execute_admin(identify)) == 0);
}

}  // namespace
}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// Whoever ends commands waits for what a store still does for them: what was written before must
// not land on what is written after.
#include "emulator/stores/crash_store.h"
#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

constexpr uint32_t kSubsystemResetKey = 0x4e564d65;
constexpr uint64_t kGivenUpNs = 5'000 * kNanosecondsPerMillisecond;

// A host that has written block 3 once, and once more: the second write is held by the store.
struct Writing : TestHost {
  Writing() {
    auto held = std::make_unique<CrashStore>(std::vector<std::byte>(1 << 20));
    store = held.get();
    subsystem.add_namespace(make_nvm_namespace(std::move(held), 512, nullptr));
    enable();
    queue = create_pair(1, 8);
    page = allocate(4096);
    store->options.hold_writes = true;
    write(queue, 0x11);
    REQUIRE(store->held_count() == 1);
  }
  void write(HostQueue& to, uint8_t value) {
    memset(at(page), value, 512);
    submit(to, data_command(spec::nvm_opcode::write, value, 3, 1, page));
    step_all();
  }
  uint8_t stored() {
    store->options.hold_writes = false;
    Operation operation;
    uint8_t value = 0;
    CHECK(store->begin_read(operation, 3 * 512, &value, 1) == Progress::Done);
    return value;
  }
  void pass(uint64_t nanoseconds) {
    clock.now += nanoseconds;
    step_all();
  }
  bool ready() { return spec::csts::rdy.get(read32(spec::registers::csts)) != 0; }
  // After a reset that has ended: what is written now stays.
  void start_again() {
    store->options.hold_writes = false;
    enable();
    queue = create_pair(1, 8);
    write(queue, 0x22);
    CHECK(status_of(take_completion(queue)) == 0);
    CHECK_FALSE(store->end_oldest());
    CHECK(stored() == 0x22);
  }
  CrashStore* store;
  HostQueue queue;
  uint64_t page;
};

TEST_CASE("deleting a submission queue waits until a write has landed") {
  Writing host;
  spec::SubmissionQueueEntry deletion{};
  deletion.opc = spec::admin_opcode::delete_io_submission_queue;
  deletion.cdw10 = 1;
  host.submit(host.admin, deletion);
  host.pass(1'000'000);
  CHECK_FALSE(host.has_completion(host.admin));
  CHECK_FALSE(host.has_completion(host.queue));
  host.submit(host.admin, deletion);
  host.step_all();
  CHECK(TestHost::status_of(host.take_completion(host.admin)) ==
        spec::status::invalid_queue_identifier);
  // Nothing more is fetched from it.
  host.write(host.queue, 0x33);
  CHECK(host.store->held_count() == 1);
  host.store->end_oldest();
  host.pass(1'000'000);
  CHECK(TestHost::status_of(host.take_completion(host.queue)) == spec::status::aborted_sq_deletion);
  CHECK(TestHost::status_of(host.take_completion(host.admin)) == 0);
  CHECK(host.delete_queue(spec::admin_opcode::delete_io_completion_queue, 1) == 0);
  CHECK(host.subsystem.find_namespace(1)->in_flight == 0);
  CHECK(host.stored() == 0x11);
}

TEST_CASE("a controller is reset under a deletion that waits") {
  Writing host;
  spec::SubmissionQueueEntry deletion{};
  deletion.opc = spec::admin_opcode::delete_io_submission_queue;
  deletion.cdw10 = 1;
  host.submit(host.admin, deletion);
  host.step_all();
  host.write32(spec::registers::cc, 0);
  host.store->end_oldest();
  host.pass(1'000'000);
  CHECK_FALSE(host.ready());
  host.start_again();
}

TEST_CASE("CSTS.RDY is 0 when a write of before the reset has landed, and not sooner") {
  for (const bool function : {false, true}) {
    Writing host;
    function ? host.controller.reset() : host.write32(spec::registers::cc, 0);
    host.pass(1'000'000);
    CHECK(host.ready());
    host.store->end_oldest();
    host.step_all();
    CHECK(host.read32(spec::registers::csts) == 0);
    host.start_again();
  }
}

TEST_CASE("a subsystem reset waits too, only on the controller whose write it is") {
  Writing host;
  PcieController& second = host.subsystem.add_controller({});
  host.write32(spec::registers::nssr, kSubsystemResetKey);
  host.step_all();
  CHECK(host.ready());
  CHECK(second.read_register(spec::registers::csts, 4) == spec::csts::nssro.mask);
  host.store->end_oldest();
  host.step_all();
  CHECK(host.read32(spec::registers::csts) == spec::csts::nssro.mask);
}

TEST_CASE("a shutdown flushes when the last write has landed") {
  Writing host;
  host.write32(spec::registers::cc, kEnable | spec::cc::shn.put(1));
  host.pass(1'000'000);
  const auto status = [&] { return spec::csts::shst.get(host.read32(spec::registers::csts)); };
  CHECK(status() == spec::csts_shst::occurring);
  host.store->end_oldest();
  host.step_all();
  CHECK(status() == spec::csts_shst::complete);
  CHECK(host.store->unflushed_count() == 0);
  CHECK(host.ready());
  CHECK_FALSE(host.has_completion(host.queue));
  host.write32(spec::registers::cc, 0);
  host.start_again();
}

TEST_CASE("a fused pair whose write is under way is waited for like any write") {
  for (const bool deletes : {true, false}) {
    Writing host;
    host.store->end_oldest();
    host.step_all();
    CHECK(host.take_completion(host.queue).cid == 0x11);
    memset(host.at(host.page), 0x11, 512);
    auto first = TestHost::data_command(spec::nvm_opcode::compare, 1, 3, 1, host.page);
    first.flags = spec::fused_operation::first;
    auto second = TestHost::data_command(spec::nvm_opcode::write, 2, 3, 1, host.page);
    second.flags = spec::fused_operation::second;
    host.place(host.queue, first);
    host.submit(host.queue, second);
    host.step_all();
    host.store->end_oldest();  // what Compare reads
    host.pass(1'000'000);
    REQUIRE(host.store->held_count() == 1);
    spec::SubmissionQueueEntry deletion{};
    deletion.opc = spec::admin_opcode::delete_io_submission_queue;
    deletion.cdw10 = 1;
    deletes ? host.submit(host.admin, deletion) : host.write32(spec::registers::cc, 0);
    host.pass(1'000'000);
    CHECK_FALSE(host.has_completion(host.admin));
    CHECK(host.ready());
    host.store->end_oldest();
    host.step_all();
    host.pass(1'000'000);
    CHECK(host.has_completion(host.admin) == deletes);
    CHECK(host.ready() == deletes);
    CHECK_FALSE(host.subsystem.find_namespace(1)->fused);
    CHECK(host.subsystem.find_namespace(1)->in_flight == 0);
  }
}

TEST_CASE("enabled before CSTS.RDY was 0, a controller is ready when the write has landed") {
  Writing host;
  host.write32(spec::registers::cc, 0);
  host.admin = host.make_queue(0, 8);
  host.write32(spec::registers::aqa, 0x00070007);
  host.controller.write_register(spec::registers::asq, host.admin.sq_address, 8);
  host.controller.write_register(spec::registers::acq, host.admin.cq_address, 8);
  host.write32(spec::registers::cc, kEnable);
  host.pass(1'000'000);
  CHECK_FALSE(host.ready());
  host.store->end_oldest();
  host.step_all();
  CHECK(host.ready());
  CHECK(host.create_pair(1, 8).id == 1);
}

TEST_CASE("a store that does not answer is a fatal status in time, and only as long as that") {
  for (const bool shuts_down : {false, true}) {
    Writing host;
    host.write32(spec::registers::cc, shuts_down ? kEnable | spec::cc::shn.put(1) : 0);
    CHECK(host.controller.next_event_ns() == host.clock.now + kGivenUpNs);
    host.pass(kGivenUpNs - 1);
    CHECK(spec::csts::cfs.get(host.read32(spec::registers::csts)) == 0);
    host.pass(1);
    CHECK(spec::csts::cfs.get(host.read32(spec::registers::csts)) == 1);
    CHECK(host.ready() == shuts_down);
    host.write32(spec::registers::cc, kEnable);
    host.pass(1'000'000);
    host.write32(spec::registers::cc, 0);
    host.store->end_oldest();
    host.step_all();
    CHECK(host.read32(spec::registers::csts) == 0);
    host.start_again();
  }
}

}  // namespace
}  // namespace nvm::emulator

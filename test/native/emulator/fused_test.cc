// SPDX-License-Identifier: MIT
// Fused compare-and-write: both or none, nobody in between, and pairs that are none.
#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

struct Fusing : TestHost {
  explicit Fusing(std::unique_ptr<TimingModel> timing = nullptr) {
    store = &add_namespace(1 << 20, 512, std::move(timing));
    memset(store->memory.data(), 0x11, 512);
    enable();
    queue = create_pair(1, 16);
    expected = allocate(4096);
    wanted = allocate(4096);
    memset(at(expected), 0x11, 512);
    memset(at(wanted), 0x22, 512);
  }
  void place_first(uint16_t cid, uint8_t opcode = spec::nvm_opcode::compare, uint64_t lba = 0) {
    auto sqe = data_command(opcode, cid, lba, 1, expected);
    sqe.flags = spec::fused_operation::first;
    place(queue, sqe);
  }
  void place_second(uint16_t cid, uint8_t opcode = spec::nvm_opcode::write, uint64_t lba = 0) {
    auto sqe = data_command(opcode, cid, lba, 1, wanted);
    sqe.flags = spec::fused_operation::second;
    place(queue, sqe);
  }
  void go() {
    ring_tail(queue);
    step_all();
  }
  uint16_t status_of_next(uint16_t cid) {
    const auto entry = take_completion(queue);
    CHECK(entry.cid == cid);
    return status_of(entry);
  }
  ScriptedStore* store;
  HostQueue queue;
  uint64_t expected;
  uint64_t wanted;
};

TEST_CASE("a comparison that holds lets the write happen, and both complete in order") {
  Fusing host;
  host.place_first(1);
  host.place_second(2);
  host.go();
  CHECK(host.status_of_next(1) == 0);
  CHECK(host.status_of_next(2) == 0);
  CHECK(host.store->memory[0] == std::byte{0x22});
}

TEST_CASE("a comparison that fails keeps the write from happening") {
  Fusing host;
  memset(host.at(host.expected), 0x33, 512);
  host.place_first(1);
  host.place_second(2);
  host.go();
  CHECK(host.status_of_next(1) == spec::status::compare_failure);
  CHECK(host.status_of_next(2) == spec::status::aborted_failed_fused);
  CHECK(host.store->memory[0] == std::byte{0x11});
}

TEST_CASE("half a pair is aborted: no second, no first, a stranger in between") {
  Fusing host;
  host.place_first(1);
  host.go();
  CHECK(host.status_of_next(1) == spec::status::aborted_missing_fused);
  host.place_second(2);
  host.go();
  CHECK(host.status_of_next(2) == spec::status::aborted_missing_fused);
  host.place_first(3);
  host.place(host.queue, TestHost::data_command(spec::nvm_opcode::read, 4, 0, 1, host.wanted));
  host.place_second(5);
  host.go();
  CHECK(host.status_of_next(3) == spec::status::aborted_missing_fused);
  CHECK(host.status_of_next(4) == 0);
  CHECK(host.status_of_next(5) == spec::status::aborted_missing_fused);
  CHECK(host.store->memory[0] == std::byte{0x11});
  host.place_first(6);
  host.place_first(7);
  host.go();
  CHECK(host.status_of_next(6) == spec::status::aborted_missing_fused);
  CHECK(host.status_of_next(7) == spec::status::aborted_missing_fused);
}

TEST_CASE("a pair is found although a burst ends between its commands") {
  Fusing host;
  spec::SubmissionQueueEntry set{};
  set.opc = spec::admin_opcode::set_features;
  set.cdw10 = spec::feature::arbitration;
  REQUIRE(TestHost::status_of(host.execute_admin(set)) == 0);  // bursts of one command
  host.place_first(1);
  host.place_second(2);
  host.go();
  CHECK(host.status_of_next(1) == 0);
  CHECK(host.status_of_next(2) == 0);
}

TEST_CASE("pairs that are not compare and write of the same blocks are refused") {
  Fusing host;
  host.place_first(1, spec::nvm_opcode::read);
  host.place_second(2);
  host.go();
  CHECK(host.status_of_next(1) == spec::status::invalid_field);
  CHECK(host.status_of_next(2) == spec::status::invalid_field);
  host.place_first(3);
  host.place_second(4, spec::nvm_opcode::write, 1);
  host.go();
  CHECK(host.status_of_next(3) == spec::status::invalid_field);
  CHECK(host.status_of_next(4) == spec::status::invalid_field);
  auto sqe = TestHost::data_command(spec::nvm_opcode::read, 5, 0, 1, host.wanted);
  sqe.flags = 3;
  CHECK(TestHost::status_of(host.execute(host.queue, sqe)) == spec::status::invalid_field);
}

TEST_CASE("nobody comes in between: a pair waits for what is under way, others for the pair") {
  Fusing host;
  HostQueue other = host.create_pair(2, 16);
  host.store->hold_flushes = true;
  spec::SubmissionQueueEntry flush{};
  flush.nsid = 1;
  flush.cid = 9;
  host.submit(other, flush);
  host.step_all();
  host.place_first(1);
  host.place_second(2);
  host.ring_tail(host.queue);
  host.step();
  const uint64_t page = host.allocate(4096);
  host.submit(other, TestHost::data_command(spec::nvm_opcode::read, 10, 0, 1, page));
  for (int i = 0; i < 5; i++) host.step();
  CHECK_FALSE(host.has_completion(host.queue));
  CHECK_FALSE(host.has_completion(other));
  host.store->end_flushes(Progress::Done);
  host.clock.now += 1'000'000;
  host.step_all();
  CHECK(host.status_of_next(1) == 0);
  CHECK(host.status_of_next(2) == 0);
  CHECK(host.take_completion(other).cid == 9);
  const auto read = host.take_completion(other);
  CHECK(read.cid == 10);
  CHECK(TestHost::status_of(read) == 0);
  CHECK(*host.at(page) == std::byte{0x22});
}

TEST_CASE("a pair takes the time that the timing model says") {
  Fusing host(std::make_unique<LatencyBandwidthModel>(12'000, 0));
  host.place_first(1);
  host.place_second(2);
  host.go();
  CHECK_FALSE(host.has_completion(host.queue));
  host.clock.now += 12'000;
  host.step_all();
  CHECK(host.status_of_next(1) == 0);
  CHECK(host.status_of_next(2) == 0);
}

// Puts every read off once.
class PutsOff final : public TimingModel {
 public:
  Schedule schedule(const TimedCommand& command, uint64_t now_ns) override {
    const bool first = command.opcode == spec::nvm_opcode::read && !std::exchange(asked_, true);
    return {now_ns + (first ? 10'000 : 1), first};
  }

 private:
  bool asked_ = false;
};

TEST_CASE("a command that was put off and a pair do not wait for each other") {
  Fusing host(std::make_unique<PutsOff>());
  host.submit(host.queue,
              TestHost::data_command(spec::nvm_opcode::read, 1, 0, 1, host.allocate(4096)));
  host.step_all();
  host.place_first(2);
  host.place_second(3);
  host.go();
  for (int i = 0; i < 10; i++) {
    host.clock.now += 100'000;
    host.step_all();
  }
  for (const uint16_t cid : {2, 3, 1}) CHECK(host.status_of_next(cid) == 0);
}

TEST_CASE("a pair does not wait until the host has consumed the completions of others") {
  Fusing host(std::make_unique<LatencyBandwidthModel>(1000, 0));
  HostQueue small = host.make_queue(2, 2);
  REQUIRE(host.create_cq(small) == 0);
  HostQueue source = host.make_queue(3, 8);
  REQUIRE(host.create_sq(source, 2) == 0);
  // One after the other, so that both are fetched: the second has no room.
  for (uint16_t cid = 1; cid <= 2; cid++) {
    host.submit(source,
                TestHost::data_command(spec::nvm_opcode::read, cid, 9, 1, host.allocate(4096)));
    host.step_all();
  }
  host.clock.now += 1000;
  host.step_all();
  host.place_first(3);
  host.place_second(4);
  host.go();
  for (int i = 0; i < 4; i++) {
    host.clock.now += 100'000;
    host.step_all();
  }
  CHECK(host.status_of_next(3) == 0);
  CHECK(host.status_of_next(4) == 0);
}

TEST_CASE("a delay of either half delays the pair, and what came between the halves parts them") {
  for (const uint8_t opcode : {spec::nvm_opcode::compare, spec::nvm_opcode::write}) {
    Fusing host;
    Fault delay;
    delay.match.queues = FaultQueues::Io;
    delay.match.opcode = opcode;
    delay.action.delay_ns = 70'000;
    REQUIRE(host.subsystem.faults().add(delay).ok());
    host.place_first(1);
    host.place_second(2);
    host.go();
    CHECK_FALSE(host.has_completion(host.queue));
    CHECK(host.controller.next_event_ns() == host.clock.now + 70'000);
    CHECK(host.store->memory[0] == std::byte{0x11});
    host.clock.now += 70'000;
    host.step_all();
    CHECK(host.status_of_next(1) == 0);
    CHECK(host.status_of_next(2) == 0);
    CHECK(host.store->memory[0] == std::byte{0x22});
  }
  Fusing host;
  Fault delay;
  delay.match.queues = FaultQueues::Io;
  delay.match.opcode = spec::nvm_opcode::read;
  delay.action.delay_ns = 70'000;
  REQUIRE(host.subsystem.faults().add(delay).ok());
  host.place_first(1);
  host.place(host.queue, TestHost::data_command(spec::nvm_opcode::read, 2, 0, 1, host.wanted));
  host.place_second(3);
  host.go();
  CHECK(host.status_of_next(1) == spec::status::aborted_missing_fused);
  CHECK(host.status_of_next(3) == spec::status::aborted_missing_fused);
}

TEST_CASE("a comparison that is dropped is no reason to write") {
  Fusing host;
  Fault drop;
  drop.match.queues = FaultQueues::Io;
  drop.match.opcode = spec::nvm_opcode::compare;
  drop.action.drop = true;
  REQUIRE(host.subsystem.faults().add(drop).ok());
  host.place_first(1);
  host.place_second(2);
  host.go();
  CHECK(host.status_of_next(2) == spec::status::aborted_failed_fused);
  CHECK_FALSE(host.has_completion(host.queue));
  CHECK(host.store->memory[0] == std::byte{0x11});
}

TEST_CASE("a queue is deleted under a waiting pair; its namespace is free again") {
  Fusing host;
  HostQueue other = host.create_pair(2, 16);
  host.store->hold_flushes = true;
  spec::SubmissionQueueEntry flush{};
  flush.nsid = 1;
  host.submit(other, flush);
  host.step_all();
  host.place_first(1);
  host.place_second(2);
  host.go();
  REQUIRE(host.delete_queue(spec::admin_opcode::delete_io_submission_queue, 1) == 0);
  CHECK(host.status_of_next(1) == spec::status::aborted_sq_deletion);
  CHECK(host.status_of_next(2) == spec::status::aborted_sq_deletion);
  host.store->end_flushes(Progress::Done);
  host.step_all();
  host.take_completion(other);
  CHECK(TestHost::status_of(host.execute(
            other, TestHost::data_command(spec::nvm_opcode::read, 3, 0, 1, host.wanted))) == 0);
}

TEST_CASE("a reset under half a pair and under a waiting pair leaves a usable controller") {
  Fusing host;
  host.store->hold_flushes = true;
  spec::SubmissionQueueEntry flush{};
  flush.nsid = 1;
  host.submit(host.queue, flush);
  host.step_all();
  host.place_first(1);
  host.place_second(2);
  host.go();
  host.write32(spec::registers::cc, 0);
  host.store->end_flushes(Progress::Done);
  host.store->hold_flushes = false;
  host.step_all();
  host.enable();
  host.queue = host.create_pair(1, 16);
  host.place_first(1);
  host.place_second(2);
  host.go();
  CHECK(host.status_of_next(1) == 0);
  CHECK(host.status_of_next(2) == 0);
}

}  // namespace
}  // namespace nvm::emulator

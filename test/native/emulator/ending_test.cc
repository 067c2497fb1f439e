// SPDX-License-Identifier: MIT
// Commands that end before they are done: aborts, queues deleted under them.
#include "emulator/statistics.h"
#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

struct Ending : TestHost {
  explicit Ending(std::unique_ptr<TimingModel> timing = nullptr) {
    store = &add_namespace(1 << 20, 512, std::move(timing));
    enable();
    queue = create_pair(1, 16);
    page = allocate(4096);
  }
  // DW0 of the Abort: 0 when it aborted something.
  uint32_t abort(uint16_t queue_id, uint16_t cid) {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = spec::admin_opcode::abort;
    sqe.cdw10 = queue_id | uint32_t{cid} << 16;
    const auto entry = execute_admin(sqe);
    CHECK(status_of(entry) == 0);
    return entry.dw0;
  }
  void submit_read(uint16_t cid) {
    submit(queue, data_command(spec::nvm_opcode::read, cid, 0, 1, page));
    step_all();
  }
  ScriptedStore* store;
  HostQueue queue;
  uint64_t page;
};

TEST_CASE("Abort ends a command that waits for its time") {
  Ending host(std::make_unique<LatencyBandwidthModel>(12'000, 0));
  host.submit_read(1);
  host.submit_read(2);
  CHECK(host.abort(1, 2) == 0);
  const auto aborted = host.take_completion(host.queue);
  CHECK(aborted.cid == 2);
  CHECK(TestHost::status_of(aborted) == spec::status::command_aborted);
  host.clock.now += 12'000;
  host.step_all();
  CHECK(host.take_completion(host.queue).cid == 1);
  CHECK_FALSE(host.has_completion(host.queue));
}

TEST_CASE("Abort finds neither what has completed, nor what a store works on, nor nothing") {
  Ending host;
  host.store->hold_flushes = true;
  spec::SubmissionQueueEntry flush{};
  flush.nsid = 1;
  flush.cid = 3;
  host.submit(host.queue, flush);
  host.step_all();
  CHECK(host.abort(1, 3) == 1);
  CHECK(host.abort(1, 4) == 1);
  CHECK(host.abort(9, 3) == 1);
  host.store->end_flushes(Progress::Done);
  host.step_all();
  CHECK(TestHost::status_of(host.take_completion(host.queue)) == 0);
  CHECK(host.abort(1, 3) == 1);
}

TEST_CASE("an Abort whose victim takes the last entry of the queue overwrites nothing") {
  TestHost host;
  host.add_namespace(1 << 20);
  host.enable(3);
  spec::SubmissionQueueEntry request{};
  request.opc = spec::admin_opcode::asynchronous_event_request;
  request.cid = 1;
  host.submit(host.admin, request);
  host.step_all();
  spec::SubmissionQueueEntry unknown{};
  unknown.opc = 0xc0;
  unknown.cid = 2;
  host.submit(host.admin, unknown);  // its completion stays where it is: one entry is left
  host.step_all();
  spec::SubmissionQueueEntry abort{};
  abort.opc = spec::admin_opcode::abort;
  abort.cid = 3;
  abort.cdw10 = 1u << 16;
  host.submit(host.admin, abort);
  host.step_all();
  std::vector<uint16_t> seen;
  for (int i = 0; i < 3; i++) {
    seen.push_back(host.take_completion(host.admin).cid);
    host.step_all();
  }
  CHECK(seen == std::vector<uint16_t>{2, 3, 1});
  CHECK_FALSE(host.has_completion(host.admin));
}

TEST_CASE("deleting a queue aborts its commands before the deletion completes") {
  Ending host(std::make_unique<LatencyBandwidthModel>(12'000, 0));
  host.submit_read(1);
  host.submit_read(2);
  CHECK(host.delete_queue(spec::admin_opcode::delete_io_submission_queue, 1) == 0);
  for (int i = 0; i < 2; i++) {
    const auto entry = host.take_completion(host.queue);
    CHECK(TestHost::status_of(entry) == spec::status::aborted_sq_deletion);
    CHECK(entry.sqid == 1);
  }
  CHECK_FALSE(host.has_completion(host.queue));
  CHECK(host.subsystem.find_namespace(1)->in_flight == 0);
}

TEST_CASE("commands for which there is no entry end with their deleted queue") {
  Ending host(std::make_unique<LatencyBandwidthModel>(12'000, 0));
  HostQueue small = host.make_queue(2, 2);
  REQUIRE(host.create_cq(small) == 0);
  HostQueue source = host.make_queue(3, 16);
  REQUIRE(host.create_sq(source, 2) == 0);
  for (uint16_t cid = 1; cid <= 3; cid++) {
    host.submit(source, TestHost::data_command(spec::nvm_opcode::read, cid, 0, 1, host.page));
    host.step_all();
  }
  CHECK(host.delete_queue(spec::admin_opcode::delete_io_submission_queue, 3) == 0);
  CHECK(TestHost::status_of(host.take_completion(small)) == spec::status::aborted_sq_deletion);
  host.clock.now += 1'000'000;
  host.step_all();
  CHECK_FALSE(host.has_completion(small));
  CHECK(host.delete_queue(spec::admin_opcode::delete_io_completion_queue, 2) == 0);
}

TEST_CASE("a namespace counts what works on it, until a dropped flush has ended too") {
  Ending host;
  host.store->hold_flushes = true;
  spec::SubmissionQueueEntry flush{};
  flush.nsid = 1;
  host.submit(host.queue, flush);
  host.step_all();
  const Namespace& ns = *host.subsystem.find_namespace(1);
  CHECK(ns.in_flight == 1);
  host.write32(spec::registers::cc, 0);
  CHECK(ns.in_flight == 1);
  host.store->end_flushes(Progress::Done);
  host.step_all();
  CHECK(ns.in_flight == 0);
}

TEST_CASE("Flush with NSID FFFFFFFFh flushes every attached namespace") {
  Ending host;
  auto second = std::make_unique<ScriptedStore>(1 << 20);
  ScriptedStore& other = *second;
  host.subsystem.add_namespace(make_nvm_namespace(std::move(second), 512, nullptr));
  spec::SubmissionQueueEntry flush{};
  flush.nsid = 0xffffffff;
  CHECK(TestHost::status_of(host.execute(host.queue, flush)) == 0);
  CHECK(host.store->flushes == 1);
  CHECK(other.flushes == 1);
  other.hold_flushes = true;
  host.submit(host.queue, flush);
  host.step_all();
  CHECK(host.subsystem.find_namespace(2)->in_flight == 1);
  other.end_flushes(Progress::Failed);
  host.step_all();
  CHECK(TestHost::status_of(host.take_completion(host.queue)) == spec::status::write_fault);
  CHECK(host.subsystem.find_namespace(2)->in_flight == 0);
}

TEST_CASE("namespace identifiers: valid but not there, invalid, for all where none may be") {
  Ending host;
  auto read = TestHost::data_command(spec::nvm_opcode::read, 1, 0, 1, host.page);
  read.nsid = 2;
  CHECK(TestHost::status_of(host.execute(host.queue, read)) == spec::status::invalid_field);
  read.nsid = 0;
  CHECK(TestHost::status_of(host.execute(host.queue, read)) ==
        spec::status::invalid_namespace_or_format);
  read.nsid = 0xfffffffe;
  CHECK(TestHost::status_of(host.execute(host.queue, read)) ==
        spec::status::invalid_namespace_or_format);
  read.nsid = 0xffffffff;
  CHECK(TestHost::status_of(host.execute(host.queue, read)) == spec::status::invalid_field);
}

TEST_CASE("a namespace that is not available says why, without an error log entry") {
  Ending host;
  host.subsystem.find_namespace(1)->unavailable = spec::status::format_in_progress;
  host.submit_read(1);
  CHECK(TestHost::status_of(host.take_completion(host.queue)) == spec::status::format_in_progress);
  CHECK(host.controller.statistics().io_errors[2] == 1);
  host.subsystem.find_namespace(1)->unavailable = 0;
  host.submit_read(2);
  CHECK(TestHost::status_of(host.take_completion(host.queue)) == 0);
}

}  // namespace
}  // namespace nvm::emulator

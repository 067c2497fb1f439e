// SPDX-License-Identifier: MIT
// Creating and deleting I/O queues, rightly and wrongly.
#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

using namespace spec::admin_opcode;

struct Creator : TestHost {
  explicit Creator(const PcieControllerLimits& limits = {}) : TestHost(limits) {
    add_namespace(1 << 20);
    enable();
  }
  uint16_t create(uint8_t opcode, uint32_t id, uint32_t entries, uint64_t prp1, uint32_t cdw11) {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = opcode;
    sqe.prp1 = prp1;
    sqe.cdw10 = id | (entries - 1) << 16;
    sqe.cdw11 = cdw11;
    return status_of(execute_admin(sqe));
  }
};

TEST_CASE("creating a completion queue: every refusal the specification names") {
  PcieControllerLimits limits;
  limits.io_queue_pairs_max = 4;
  limits.queue_entries_max = 64;
  limits.interrupt_vectors_max = 3;
  Creator host(limits);
  const uint64_t page = host.allocate(4096);
  const auto cq = [&](uint32_t id, uint32_t entries, uint64_t prp1, uint32_t cdw11) {
    return host.create(create_io_completion_queue, id, entries, prp1, cdw11);
  };
  CHECK(cq(0, 8, page, 1) == spec::status::invalid_queue_identifier);
  CHECK(cq(5, 8, page, 1) == spec::status::invalid_queue_identifier);
  CHECK(cq(1, 1, page, 1) == spec::status::invalid_queue_size);
  CHECK(cq(1, 65, page, 1) == spec::status::invalid_queue_size);
  CHECK(cq(1, 8, page, 0) == spec::status::invalid_field);
  CHECK(cq(1, 8, page + 512, 1) == spec::status::invalid_prp_offset);
  CHECK(cq(1, 8, 0x1000, 1) == spec::status::data_transfer_error);
  CHECK(cq(1, 8, page, 1 | 3 << 16) == spec::status::invalid_interrupt_vector);
  CHECK(cq(1, 64, page, 1 | 2 << 16) == 0);
  CHECK(cq(1, 8, page, 1) == spec::status::invalid_queue_identifier);
}

TEST_CASE("creating a submission queue: every refusal the specification names") {
  PcieControllerLimits limits;
  limits.io_queue_pairs_max = 4;
  limits.queue_entries_max = 64;
  Creator host(limits);
  const uint64_t page = host.allocate(4096);
  REQUIRE(host.create(create_io_completion_queue, 2, 8, host.allocate(4096), 1) == 0);
  const auto sq = [&](uint32_t id, uint32_t entries, uint64_t prp1, uint32_t cdw11) {
    return host.create(create_io_submission_queue, id, entries, prp1, cdw11);
  };
  constexpr uint32_t kOnCq2 = 1 | 2 << 16;
  CHECK(sq(0, 8, page, kOnCq2) == spec::status::invalid_queue_identifier);
  CHECK(sq(5, 8, page, kOnCq2) == spec::status::invalid_queue_identifier);
  CHECK(sq(1, 8, page, 1) == spec::status::invalid_queue_identifier);
  CHECK(sq(1, 8, page, 1 | 5 << 16) == spec::status::invalid_queue_identifier);
  CHECK(sq(1, 8, page, 1 | 3 << 16) == spec::status::completion_queue_invalid);
  CHECK(sq(1, 1, page, kOnCq2) == spec::status::invalid_queue_size);
  CHECK(sq(1, 65, page, kOnCq2) == spec::status::invalid_queue_size);
  CHECK(sq(1, 8, page, 2 << 16) == spec::status::invalid_field);
  CHECK(sq(1, 8, page + 4, kOnCq2) == spec::status::invalid_prp_offset);
  CHECK(sq(1, 8, 0x1000, kOnCq2) == spec::status::data_transfer_error);
  CHECK(sq(1, 8, page, kOnCq2) == 0);
  CHECK(sq(1, 8, page, kOnCq2) == spec::status::invalid_queue_identifier);
}

TEST_CASE("deleting queues: the submission queues of a completion queue go first") {
  Creator host;
  host.create_pair(1, 8);
  CHECK(host.delete_queue(delete_io_completion_queue, 1) == spec::status::invalid_queue_deletion);
  CHECK(host.delete_queue(delete_io_submission_queue, 0) == spec::status::invalid_queue_identifier);
  CHECK(host.delete_queue(delete_io_submission_queue, 2) == spec::status::invalid_queue_identifier);
  CHECK(host.delete_queue(delete_io_submission_queue, 1) == 0);
  CHECK(host.delete_queue(delete_io_submission_queue, 1) == spec::status::invalid_queue_identifier);
  CHECK(host.delete_queue(delete_io_completion_queue, 1) == 0);
  CHECK(host.delete_queue(delete_io_completion_queue, 1) == spec::status::invalid_queue_identifier);
  CHECK(host.delete_queue(delete_io_completion_queue, 9999) ==
        spec::status::invalid_queue_identifier);
}

TEST_CASE("a queue created again begins at its first entry, whatever its doorbell held") {
  Creator host;
  spec::SubmissionQueueEntry flush{};
  flush.nsid = 1;
  for (int round = 0; round < 3; round++) {
    HostQueue queue = host.create_pair(1, 8);
    for (int i = 0; i < 3; i++) CHECK(TestHost::status_of(host.execute(queue, flush)) == 0);
    CHECK(host.delete_queue(delete_io_submission_queue, 1) == 0);
    CHECK(host.delete_queue(delete_io_completion_queue, 1) == 0);
  }
}

TEST_CASE("deleting a submission queue aborts its commands and leaves those of its neighbour") {
  TestHost host;
  host.add_namespace(1 << 20, 512, std::make_unique<LatencyBandwidthModel>(12'000, 0));
  host.enable();
  HostQueue one = host.create_pair(1, 8);
  HostQueue two = host.create_pair(2, 8);
  const uint64_t page = host.allocate(4096);
  host.submit(one, TestHost::data_command(spec::nvm_opcode::read, 1, 0, 1, page));
  host.submit(two, TestHost::data_command(spec::nvm_opcode::read, 2, 0, 1, page));
  host.step_all();
  CHECK(host.delete_queue(delete_io_submission_queue, 1) == 0);
  host.clock.now += 12'000;
  host.step_all();
  CHECK(TestHost::status_of(host.take_completion(one)) == spec::status::aborted_sq_deletion);
  CHECK_FALSE(host.has_completion(one));
  CHECK(host.take_completion(two).cid == 2);
}

TEST_CASE("a queue with a flush under way can be deleted; its end finds nobody") {
  TestHost host;
  ScriptedStore& store = host.add_namespace(1 << 20);
  store.hold_flushes = true;
  host.enable();
  HostQueue queue = host.create_pair(1, 8);
  spec::SubmissionQueueEntry flush{};
  flush.nsid = 1;
  host.submit(queue, flush);
  host.step_all();
  REQUIRE(store.held.size() == 1);
  CHECK(host.delete_queue(delete_io_submission_queue, 1) == 0);
  CHECK(host.delete_queue(delete_io_completion_queue, 1) == 0);
  CHECK(TestHost::status_of(host.take_completion(queue)) == spec::status::aborted_sq_deletion);
  store.end_flushes(Progress::Done);
  host.step_all();
  CHECK_FALSE(host.has_completion(queue));
  store.hold_flushes = false;
  HostQueue again = host.create_pair(1, 8);
  CHECK(TestHost::status_of(host.execute(again, flush)) == 0);
}

TEST_CASE("uses() knows the memory of live queues only") {
  Creator host;
  CHECK(host.controller.uses(host.admin.sq_address, 64));
  HostQueue queue = host.create_pair(1, 100);
  CHECK(host.controller.uses(queue.sq_address + 6399, 1));
  CHECK_FALSE(host.controller.uses(queue.sq_address + 6400, 1));
  CHECK(host.controller.uses(queue.cq_address - 4096, 4097));
  CHECK_FALSE(host.controller.uses(queue.cq_address, 0));
  host.delete_queue(delete_io_submission_queue, 1);
  CHECK_FALSE(host.controller.uses(queue.sq_address, 6400));
}

TEST_CASE("no more queues than Number of Queues granted") {
  Creator host;
  spec::SubmissionQueueEntry set{};
  set.opc = set_features;
  set.cdw10 = spec::feature::number_of_queues;
  set.cdw11 = 1 | 2 << 16;
  CHECK(host.execute_admin(set).dw0 == (1 | 2 << 16));
  const uint64_t page = host.allocate(4096);
  const auto cq = [&](uint32_t id) {
    return host.create(create_io_completion_queue, id, 8, page, 1);
  };
  CHECK(cq(4) == spec::status::invalid_queue_identifier);
  CHECK(cq(3) == 0);
  const auto sq = [&](uint32_t id) {
    return host.create(create_io_submission_queue, id, 8, page, 1 | 3 << 16);
  };
  CHECK(sq(3) == spec::status::invalid_queue_identifier);
  CHECK(sq(2) == 0);
}

TEST_CASE("128 queue pairs work, and the numbers are what Number of Queues grants") {
  Creator host;
  spec::SubmissionQueueEntry set{};
  set.opc = set_features;
  set.cdw10 = spec::feature::number_of_queues;
  set.cdw11 = 499 | 499 << 16;
  const auto granted = host.execute_admin(set);
  CHECK(TestHost::status_of(granted) == 0);
  CHECK(spec::feature_number_of_queues::nsq.get(granted.dw0) == 127);
  CHECK(spec::feature_number_of_queues::ncq.get(granted.dw0) == 127);
  set.cdw11 = 0xffff;
  CHECK(TestHost::status_of(host.execute_admin(set)) == spec::status::invalid_field);
  std::vector<HostQueue> queues;
  for (uint16_t id = 1; id <= 128; id++) queues.push_back(host.create_pair(id, 2));
  spec::SubmissionQueueEntry flush{};
  flush.nsid = 1;
  for (HostQueue& queue : queues) host.submit(queue, flush);
  host.step_all();
  for (HostQueue& queue : queues) CHECK(host.take_completion(queue).sqid == queue.id);
  set.cdw11 = 7 | 7 << 16;
  CHECK(TestHost::status_of(host.execute_admin(set)) == spec::status::command_sequence_error);
}

}  // namespace
}  // namespace nvm::emulator

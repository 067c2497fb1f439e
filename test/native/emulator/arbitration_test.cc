// SPDX-License-Identifier: MIT
// Whose turn it is: bursts, weights, urgent queues.
#include <initializer_list>

#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

struct Competing : TestHost {
  explicit Competing(uint32_t arbitration, bool weighted) {
    add_namespace(1 << 20);
    admin = make_queue(0, 32);
    write32(spec::registers::aqa, 31 | 31 << 16);
    controller.write_register(spec::registers::asq, admin.sq_address, 8);
    controller.write_register(spec::registers::acq, admin.cq_address, 8);
    write32(spec::registers::cc,
            kEnable | (weighted ? spec::cc::ams.put(spec::cc_ams::weighted_round_robin) : 0));
    REQUIRE(read32(spec::registers::csts) == 1);
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = spec::admin_opcode::set_features;
    sqe.cdw10 = spec::feature::arbitration;
    sqe.cdw11 = arbitration;
    REQUIRE(status_of(execute_admin(sqe)) == 0);
  }
  HostQueue make(uint16_t id, uint8_t priority) {
    HostQueue queue = make_queue(id, 512);
    REQUIRE(create_cq(queue) == 0);
    spec::SubmissionQueueEntry create{};
    create.opc = spec::admin_opcode::create_io_submission_queue;
    create.prp1 = queue.sq_address;
    create.cdw10 = id | 511u << 16;
    create.cdw11 = 1u | spec::create_sq_cdw11::qprio.put(priority) | uint32_t{id} << 16;
    REQUIRE(status_of(execute_admin(create)) == 0);
    return queue;
  }
  void fill(std::initializer_list<HostQueue*> queues) {
    spec::SubmissionQueueEntry flush{};
    flush.nsid = 1;
    for (HostQueue* queue : queues) {
      for (int i = 0; i < 500; i++) place(*queue, flush);
      ring_tail(*queue);
    }
  }
  int done(HostQueue& queue) {
    int count = 0;
    for (; has_completion(queue); count++) take_completion(queue);
    return count;
  }
};

TEST_CASE("the arbitration burst is how many commands of a queue one round takes") {
  for (const uint32_t log2 : {0u, 2u, 5u}) {
    Competing host(log2, false);
    HostQueue one = host.make(1, 0);
    HostQueue two = host.make(2, 0);
    host.fill({&one, &two});
    host.step();
    CHECK(host.done(one) == 1 << log2);
    CHECK(host.done(two) == 1 << log2);
  }
}

TEST_CASE("no limit to the burst is still a bounded step") {
  Competing host(7, false);
  HostQueue one = host.make(1, 0);
  host.fill({&one});
  host.step();
  CHECK(host.done(one) == 256);
}

TEST_CASE("weighted round robin: classes get what their weights say") {
  // Weights (zero-based) 11, 5 and 1, in bursts of 4.
  Competing host(2 | 1 << 8 | 5 << 16 | 11u << 24, true);
  HostQueue high = host.make(1, spec::queue_priority::high);
  HostQueue medium = host.make(2, spec::queue_priority::medium);
  HostQueue low = host.make(3, spec::queue_priority::low);
  HostQueue low_too = host.make(4, spec::queue_priority::low);
  host.fill({&high, &medium, &low, &low_too});
  int low_done = 0;
  int low_too_done = 0;
  for (int round = 0; round < 4; round++) {
    host.step();
    CHECK(host.done(high) == 12);
    CHECK(host.done(medium) == 6);
    low_done += host.done(low);
    low_too_done += host.done(low_too);
  }
  CHECK(low_done == 4);
  CHECK(low_too_done == 4);
}

TEST_CASE("urgent queues come before all others, but for the admin queue") {
  Competing host(6 | 9 << 8 | 9 << 16 | 9u << 24, true);
  HostQueue urgent = host.make(1, spec::queue_priority::urgent);
  HostQueue high = host.make(2, spec::queue_priority::high);
  host.fill({&urgent, &high});
  host.step();
  host.step();
  CHECK(host.done(urgent) == 500);
  CHECK(host.done(high) == 0);
  host.step();
  CHECK(host.done(high) == 10);
  spec::SubmissionQueueEntry unknown{};
  unknown.opc = 0xc0;
  host.submit(host.admin, unknown);
  host.step();
  CHECK(host.has_completion(host.admin));
}

TEST_CASE("without weighted round robin the priority of a queue means nothing") {
  Competing host(3, false);
  HostQueue urgent = host.make(1, spec::queue_priority::urgent);
  HostQueue low = host.make(2, spec::queue_priority::low);
  host.fill({&urgent, &low});
  host.step();
  CHECK(host.done(urgent) == 8);
  CHECK(host.done(low) == 8);
}

}  // namespace
}  // namespace nvm::emulator

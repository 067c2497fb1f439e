// SPDX-License-Identifier: MIT
// Queues in motion: wrap-around, sharing, full completion queues, fairness, doorbells, interrupts.
#include <map>

#include "emulator/statistics.h"
#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

spec::SubmissionQueueEntry flush(uint16_t cid) {
  spec::SubmissionQueueEntry sqe{};
  sqe.nsid = 1;
  sqe.cid = cid;
  return sqe;
}

struct Queues : TestHost {
  explicit Queues(const PcieControllerLimits& limits = {}) : TestHost(limits) {
    store = &add_namespace(1 << 20);
    enable();
  }
  ScriptedStore* store;
};

TEST_CASE("the phase tag flips at every wrap, at depths that are no powers of two too") {
  for (const uint32_t entries : {2u, 3u, 5u, 7u, 8u, 13u, 64u, 100u, 4096u}) {
    CAPTURE(entries);
    Queues host;
    HostQueue queue = host.create_pair(1, entries);
    uint16_t cid = 0;
    uint32_t taken = 0;
    while (taken < 3 * entries + 2) {
      const uint32_t batch = std::min(entries - 1, 1 + taken % 5);
      for (uint32_t i = 0; i < batch; i++) host.place(queue, flush(cid++));
      host.ring_tail(queue);
      host.step_all();
      for (uint32_t i = 0; i < batch; i++) {
        const auto entry = host.take_completion(queue);
        REQUIRE(entry.cid == static_cast<uint16_t>(taken));
        REQUIRE(entry.sqid == 1);
        REQUIRE(TestHost::status_of(entry) == 0);
        taken++;
      }
      REQUIRE_FALSE(host.has_completion(queue));
    }
  }
}

TEST_CASE("CQE.SQHD carries the wrong value: no, it is how far the device has fetched") {
  Queues host;
  HostQueue queue = host.create_pair(1, 5);
  for (uint16_t i = 0; i < 12; i++) CHECK(host.execute(queue, flush(i)).sqhd == (i + 1) % 5);
  for (uint16_t i = 0; i < 3; i++) host.place(queue, flush(i));
  host.ring_tail(queue);
  host.step_all();
  for (uint16_t i = 0; i < 3; i++) CHECK(host.take_completion(queue).sqhd == (12 + i + 1) % 5);
}

TEST_CASE("CQ-full not checked: completions wait, none is lost, none overwrites another") {
  Queues host;
  HostQueue queue = host.create_pair(1, 4);
  HostQueue big = host.make_queue(2, 64);
  REQUIRE(host.create_sq(big, 1) == 0);
  for (uint16_t cid = 0; cid < 20; cid++) host.place(big, flush(cid));
  host.ring_tail(big);
  host.step_all();
  CHECK(host.controller.next_event_ns() == 0);
  for (uint16_t cid = 0; cid < 20; cid++) {
    REQUIRE(host.has_completion(queue));
    CHECK(host.take_completion(queue).cid == cid);
    if (cid % 3 == 2) host.step_all();
  }
  CHECK_FALSE(host.has_completion(queue));
  host.step_all();
  CHECK(host.controller.next_event_ns() == UINT64_MAX);
  CHECK(host.controller.statistics().invalid_doorbells == 0);
}

TEST_CASE("a full completion queue holds back only the queues that complete there") {
  Queues host;
  HostQueue full = host.create_pair(1, 2);
  HostQueue other = host.create_pair(2, 8);
  HostQueue source = host.make_queue(3, 8);
  REQUIRE(host.create_sq(source, 1) == 0);
  for (uint16_t cid = 0; cid < 5; cid++) host.place(source, flush(cid));
  host.ring_tail(source);
  host.submit(other, flush(100));
  host.step_all();
  CHECK(host.take_completion(other).cid == 100);
  for (uint16_t cid = 0; cid < 5; cid++) {
    CHECK(host.take_completion(full).cid == cid);
    host.step_all();
  }
}

TEST_CASE("commands that end while the completion queue is full complete later, in order") {
  Queues host;
  host.store->hold_flushes = true;
  HostQueue queue = host.create_pair(1, 3);
  HostQueue source = host.make_queue(2, 16);
  REQUIRE(host.create_sq(source, 1) == 0);
  // Each finds room when it is fetched; together they do not.
  for (uint16_t cid = 0; cid < 6; cid++) {
    host.submit(source, flush(cid));
    host.step_all();
  }
  REQUIRE(host.store->held.size() == 6);
  host.store->end_flushes(Progress::Done);
  host.step_all();
  std::vector<uint16_t> order;
  while (host.has_completion(queue)) {
    order.push_back(host.take_completion(queue).cid);
    host.step_all();
  }
  CHECK(order == std::vector<uint16_t>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("two submission queues share a completion queue") {
  Queues host;
  HostQueue queue = host.create_pair(1, 64);
  HostQueue second = host.make_queue(2, 7);
  REQUIRE(host.create_sq(second, 1) == 0);
  std::map<uint16_t, std::vector<uint16_t>> seen;
  for (uint16_t round = 0; round < 20; round++) {
    for (uint16_t i = 0; i < 6; i++) {
      host.place(queue, flush(static_cast<uint16_t>(round * 6 + i)));
      host.place(second, flush(static_cast<uint16_t>(1000 + round * 6 + i)));
    }
    host.ring_tail(queue);
    host.ring_tail(second);
    host.step_all();
    for (int i = 0; i < 12; i++) {
      const auto entry = host.take_completion(queue);
      seen[entry.sqid].push_back(entry.cid);
    }
    CHECK_FALSE(host.has_completion(queue));
  }
  REQUIRE(seen[1].size() == 120);
  REQUIRE(seen[2].size() == 120);
  for (uint16_t i = 0; i < 120; i++) {
    CHECK(seen[1][i] == i);
    CHECK(seen[2][i] == 1000 + i);
  }
}

TEST_CASE("round robin: a busy queue does not keep its neighbour waiting beyond one burst") {
  Queues host;
  HostQueue busy = host.create_pair(1, 4096);
  HostQueue quiet = host.create_pair(2, 8);
  for (uint16_t cid = 0; cid < 4000; cid++) host.place(busy, flush(cid));
  host.ring_tail(busy);
  host.submit(quiet, flush(1));
  host.step();
  CHECK(host.has_completion(quiet));
  uint32_t done = 0;
  for (; host.has_completion(busy); done++) host.take_completion(busy);
  CHECK(done == 64);
}

TEST_CASE("a step does a bounded amount and says whether it did anything") {
  Queues host;
  HostQueue queue = host.create_pair(1, 256);
  for (uint16_t cid = 0; cid < 200; cid++) host.place(queue, flush(cid));
  host.ring_tail(queue);
  CHECK(host.step());
  CHECK(host.step());
  CHECK(host.step());
  CHECK(host.step());
  CHECK_FALSE(host.step());
}

TEST_CASE("doorbells out of range are ignored and recorded once") {
  Queues host;
  HostQueue queue = host.create_pair(1, 8);
  host.ring(2, 8);
  CHECK_FALSE(host.step());
  CHECK_FALSE(host.step());
  CHECK(host.controller.statistics().invalid_doorbells == 1);
  host.ring(2, 0xffffffff);
  host.step();
  CHECK(host.controller.statistics().invalid_doorbells == 2);
  CHECK(TestHost::status_of(host.execute(queue, flush(1))) == 0);
}

TEST_CASE("a completion doorbell that passes the tail is ignored and recorded") {
  Queues host;
  HostQueue queue = host.create_pair(1, 4);
  HostQueue source = host.make_queue(2, 16);
  REQUIRE(host.create_sq(source, 1) == 0);
  for (uint16_t cid = 0; cid < 3; cid++) host.submit(source, flush(cid));
  host.step_all();
  for (int i = 0; i < 2; i++) host.take_completion(queue, false);
  host.ring(3, 99);
  host.submit(source, flush(3));
  host.step_all();
  CHECK(host.controller.statistics().invalid_doorbells == 1);
  host.ring(3, 2);
  host.step_all();
  CHECK(host.take_completion(queue, false).cid == 2);
  CHECK(host.take_completion(queue).cid == 3);
}

TEST_CASE(
    "host that rings without consuming gets no more commands kept than its queue has entries") {
  Queues host;
  host.store->hold_flushes = true;
  host.create_pair(1, 64);
  HostQueue small = host.make_queue(2, 4);
  REQUIRE(host.create_sq(small, 1) == 0);
  for (uint16_t cid = 0; cid < 40; cid++) {
    host.submit(small, flush(cid));
    host.step_all();
  }
  CHECK(host.store->held.size() == 4);
}

TEST_CASE("interrupts: once per batch, with the queue's vector, only where asked for") {
  Queues host;
  CountingSink sink;
  HostQueue loud = host.make_queue(1, 16);
  REQUIRE(host.create_cq(loud, 5, true) == 0);
  REQUIRE(host.create_sq(loud, 1) == 0);
  HostQueue silent = host.create_pair(2, 16);
  host.controller.set_interrupt_sink(&sink);
  for (uint16_t cid = 0; cid < 9; cid++) {
    host.place(loud, flush(cid));
    host.place(silent, flush(cid));
  }
  host.ring_tail(loud);
  host.ring_tail(silent);
  host.step_all();
  CHECK(sink.raised == std::vector<uint16_t>{5});
  host.execute_admin(flush(0));
  CHECK(sink.raised == std::vector<uint16_t>{5, 0});
  host.controller.set_interrupt_sink(nullptr);
  host.execute(loud, flush(1));
  CHECK(sink.raised.size() == 2);
}

TEST_CASE("an entry is read once: what changes after the doorbell's step is not seen") {
  Queues host;
  host.store->hold_flushes = true;
  HostQueue queue = host.create_pair(1, 8);
  host.submit(queue, flush(21));
  host.step_all();
  host.as<spec::SubmissionQueueEntry>(queue.sq_address).cid = 99;
  host.store->end_flushes(Progress::Done);
  host.step_all();
  CHECK(host.take_completion(queue).cid == 21);
}

TEST_CASE("without a timing model no clock is read") {
  Queues host;
  HostQueue queue = host.create_pair(1, 8);
  const uint64_t page = host.allocate(4096);
  for (int i = 0; i < 20; i++) {
    CHECK(TestHost::status_of(host.execute(
              queue, TestHost::data_command(spec::nvm_opcode::read, 1, 0, 1, page))) == 0);
  }
  CHECK(host.clock.reads == 0);
}

TEST_CASE("one device only: two controllers of a subsystem see the same namespace") {
  TestHost host;
  ScriptedStore& store = host.add_namespace(1 << 20);
  PcieController& second = host.subsystem.add_controller({});
  REQUIRE(second.domain().add({kMemoryAddress, 24 << 20, host.at(kMemoryAddress), false, true}));
  host.enable();
  HostQueue queue = host.create_pair(1, 8);
  const uint64_t page = host.allocate(4096);
  host.as<uint64_t>(page) = 0x1122334455667788;
  host.submit(queue, TestHost::data_command(spec::nvm_opcode::write, 1, 0, 1, page));
  CHECK_FALSE(second.step(host.clock));
  CHECK(host.subsystem.step(host.clock));
  CHECK(TestHost::status_of(host.take_completion(queue)) == 0);
  CHECK(memcmp(store.memory.data(), host.at(page), 8) == 0);
}

}  // namespace
}  // namespace nvm::emulator

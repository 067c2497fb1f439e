// SPDX-License-Identifier: MIT
// Interrupts: one per batch and vector, none too many, coalesced, and the level of the pin.
#include "emulator/controller_state.h"
#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

class LevelSink final : public InterruptSink {
 public:
  void raise(uint16_t vector) override { raised.push_back(vector); }
  void set_pin(bool level) override { changes.push_back(level); }
  std::vector<uint16_t> raised;
  std::vector<bool> changes;
};

struct Interrupted : TestHost {
  Interrupted() {
    add_namespace(1 << 20);
    enable();
    queue = create(1, 5);
    controller.set_interrupt_sink(&sink);
    controller.use_pin(true);
  }
  ~Interrupted() { controller.set_interrupt_sink(nullptr); }
  HostQueue create(uint16_t id, uint16_t vector) {
    HostQueue made = make_queue(id, 64);
    REQUIRE(create_cq(made, vector, true) == 0);
    REQUIRE(create_sq(made, id) == 0);
    return made;
  }
  void set_feature(uint8_t id, uint32_t value) {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = spec::admin_opcode::set_features;
    sqe.cdw10 = id;
    sqe.cdw11 = value;
    REQUIRE(status_of(execute_admin(sqe)) == 0);
    sink.raised.clear();
  }
  void submit_flushes(HostQueue& to, uint16_t count) {
    spec::SubmissionQueueEntry flush{};
    flush.nsid = 1;
    for (uint16_t i = 0; i < count; i++) place(to, flush);
    ring_tail(to);
    step_all();
  }
  void take(HostQueue& from, int count) {
    for (int i = 0; i < count; i++) take_completion(from);
  }
  LevelSink sink;
  HostQueue queue;
};

TEST_CASE("queues that share a vector raise it once per batch") {
  Interrupted host;
  HostQueue other = host.create(2, 5);
  host.sink.raised.clear();
  spec::SubmissionQueueEntry flush{};
  flush.nsid = 1;
  host.place(host.queue, flush);
  host.place(other, flush);
  host.ring_tail(host.queue);
  host.ring_tail(other);
  host.step_all();
  CHECK(host.sink.raised == std::vector<uint16_t>{5});
  CHECK(host.controller.statistics().interrupts >= 1);
}

TEST_CASE("without coalescing no clock is read for interrupts") {
  Interrupted host;
  const uint64_t reads = host.clock.reads;
  host.submit_flushes(host.queue, 3);
  CHECK(host.sink.raised == std::vector<uint16_t>{5});
  CHECK(host.clock.reads == reads);
}

TEST_CASE("coalescing: the threshold raises at once, the time raises the rest") {
  Interrupted host;
  host.set_feature(spec::feature::interrupt_coalescing, 3 | 2 << 8);  // 4 entries or 200 µs
  host.submit_flushes(host.queue, 3);
  CHECK(host.sink.raised.empty());
  CHECK(host.controller.next_event_ns() == host.clock.now + 200'000);
  host.submit_flushes(host.queue, 1);
  CHECK(host.sink.raised == std::vector<uint16_t>{5});
  CHECK(host.controller.next_event_ns() == UINT64_MAX);
  host.submit_flushes(host.queue, 1);
  host.clock.now += 199'999;
  host.step_all();
  CHECK(host.sink.raised.size() == 1);
  host.clock.now += 1;
  host.step_all();
  CHECK(host.sink.raised.size() == 2);
  CHECK(host.controller.next_event_ns() == UINT64_MAX);
}

TEST_CASE("coalescing spares the admin queue, and vectors for which it is disabled") {
  Interrupted host;
  HostQueue prompt = host.create(2, 6);
  host.set_feature(spec::feature::interrupt_coalescing, 9 | 2 << 8);
  host.set_feature(spec::feature::interrupt_vector_configuration, 6 | 1 << 16);
  host.submit_flushes(prompt, 1);
  CHECK(host.sink.raised == std::vector<uint16_t>{6});
  host.submit_flushes(host.admin, 1);
  CHECK(host.sink.raised == std::vector<uint16_t>{6, 0});
}

TEST_CASE("an overdue interrupt is not raised when the host has found the entries by itself") {
  Interrupted host;
  host.set_feature(spec::feature::interrupt_coalescing, 9 | 2 << 8);
  host.submit_flushes(host.queue, 2);
  host.take(host.queue, 2);
  host.clock.now += 200'000;
  host.step_all();
  CHECK(host.sink.raised.empty());
  CHECK(host.controller.next_event_ns() == UINT64_MAX);
}

TEST_CASE("the pin is asserted as long as an entry is there and the vector is not masked") {
  Interrupted host;
  host.step();
  host.sink.changes.clear();
  host.submit_flushes(host.queue, 2);
  CHECK(host.sink.changes == std::vector<bool>{true});
  host.take(host.queue, 1);
  host.step_all();
  CHECK(host.sink.changes.size() == 1);
  host.write32(spec::registers::intms, 1u << 5);
  host.step_all();
  CHECK(host.sink.changes == std::vector<bool>{true, false});
  host.write32(spec::registers::intmc, 1u << 5);
  host.step_all();
  CHECK(host.sink.changes == std::vector<bool>{true, false, true});
  host.take(host.queue, 1);
  host.step_all();
  CHECK(host.sink.changes == std::vector<bool>{true, false, true, false});
}

TEST_CASE("a doorbell, or a mask, that comes as a register changes the pin without a step") {
  Interrupted host;
  host.submit_flushes(host.queue, 2);
  REQUIRE(host.sink.changes.back());
  const auto ring_head = [&](uint32_t head) {
    host.controller.write_register(kDoorbellOffset + 3 * sizeof(uint32_t), head, sizeof(uint32_t));
  };
  ring_head(1);
  CHECK(host.sink.changes.back());
  host.write32(spec::registers::intms, 1u << 5);
  CHECK_FALSE(host.sink.changes.back());
  host.write32(spec::registers::intmc, 1u << 5);
  CHECK(host.sink.changes.back());
  ring_head(2);
  CHECK_FALSE(host.sink.changes.back());
}

TEST_CASE("a pin that nobody uses is silent, and shows its level as soon as it is used") {
  Interrupted host;
  host.controller.use_pin(false);
  host.sink.changes.clear();
  host.submit_flushes(host.queue, 1);
  CHECK(host.sink.changes.empty());
  CHECK(host.controller.pin_level());
  host.controller.use_pin(true);
  CHECK(host.sink.changes == std::vector<bool>{true});
  host.controller.use_pin(false);
  CHECK(host.sink.changes == std::vector<bool>{true, false});
}

TEST_CASE("a disable takes the pin back") {
  Interrupted host;
  host.submit_flushes(host.queue, 1);
  REQUIRE(host.sink.changes.back());
  host.write32(spec::registers::cc, 0);
  CHECK_FALSE(host.sink.changes.back());
}

}  // namespace
}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// Doorbells in the host's memory: Doorbell Buffer Config, event indices.
#include "emulator/statistics.h"
#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

struct Quiet : TestHost {
  Quiet() {
    add_namespace(1 << 20);
    enable();
    shadow = allocate(4096);
    event_indices = allocate(4096);
  }
  uint16_t configure(uint64_t prp1, uint64_t prp2) {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = spec::admin_opcode::doorbell_buffer_config;
    sqe.prp1 = prp1;
    sqe.prp2 = prp2;
    return status_of(execute_admin(sqe));
  }
  void ring_quietly(uint32_t index, uint32_t value) { as<uint32_t>(shadow + 4 * index) = value; }
  uint32_t event_index(uint32_t index) { return as<uint32_t>(event_indices + 4 * index); }
  void place_flushes(HostQueue& queue, int count) {
    spec::SubmissionQueueEntry flush{};
    flush.nsid = 1;
    for (int i = 0; i < count; i++) place(queue, flush);
  }
  uint64_t shadow;
  uint64_t event_indices;
};

TEST_CASE("shadow doorbells take the place of registers, of queues made before and after") {
  Quiet host;
  HostQueue before = host.create_pair(1, 8);
  REQUIRE(host.configure(host.shadow, host.event_indices) == 0);
  HostQueue after = host.create_pair(2, 8);
  for (HostQueue* queue : {&before, &after}) {
    host.place_flushes(*queue, 3);
    host.ring_quietly(2u * queue->id, queue->tail);
    host.step_all();
    for (int i = 0; i < 3; i++) host.take_completion(*queue, false);
    CHECK_FALSE(host.has_completion(*queue));
    CHECK(host.event_index(2u * queue->id) == queue->tail);
  }
}

TEST_CASE("the host's heads are read from the shadow, so a full completion queue goes on") {
  Quiet host;
  REQUIRE(host.configure(host.shadow, host.event_indices) == 0);
  HostQueue queue = host.create_pair(1, 4);
  HostQueue source = host.make_queue(2, 16);
  REQUIRE(host.create_sq(source, 1) == 0);
  host.place_flushes(source, 5);
  host.ring_quietly(4, source.tail);
  host.step_all();
  for (int i = 0; i < 3; i++) host.take_completion(queue, false);
  CHECK_FALSE(host.has_completion(queue));
  host.ring_quietly(3, queue.head);
  host.step_all();
  for (int i = 0; i < 2; i++) host.take_completion(queue, false);
}

TEST_CASE("the event index asks for a ring only when the queue is empty") {
  Quiet host;
  REQUIRE(host.configure(host.shadow, host.event_indices) == 0);
  HostQueue queue = host.create_pair(1, 512);
  host.place_flushes(queue, 100);
  host.ring_quietly(2, queue.tail);
  host.step();  // one burst, and more is there
  CHECK(host.event_index(2) == 0);
  host.step_all();
  CHECK(host.event_index(2) == 100);
}

TEST_CASE("the admin queue keeps its registers, and a reset brings them back for all") {
  Quiet host;
  REQUIRE(host.configure(host.shadow, host.event_indices) == 0);
  spec::SubmissionQueueEntry unknown{};
  unknown.opc = 0xc0;
  CHECK(TestHost::status_of(host.execute_admin(unknown)) == spec::status::invalid_opcode);
  host.write32(spec::registers::cc, 0);
  host.enable();
  HostQueue queue = host.create_pair(1, 8);
  host.place_flushes(queue, 1);
  host.ring_quietly(2, queue.tail);
  CHECK_FALSE(host.step());
  host.ring_tail(queue);
  CHECK(host.step());
}

TEST_CASE("buffers that cannot be are refused, and nothing changes") {
  Quiet host;
  HostQueue queue = host.create_pair(1, 8);
  CHECK(host.configure(host.shadow + 8, host.event_indices) == spec::status::invalid_field);
  CHECK(host.configure(host.shadow, host.event_indices + 4) == spec::status::invalid_field);
  CHECK(host.configure(host.shadow, 0x1000) == spec::status::data_transfer_error);
  spec::SubmissionQueueEntry flush{};
  flush.nsid = 1;
  CHECK(TestHost::status_of(host.execute(queue, flush)) == 0);
}

TEST_CASE("shadow doorbells in memory that may vanish work, and are lost with it") {
  Quiet host;
  Domain& domain = host.controller.domain();
  std::vector<std::byte> memory(3 * 4096);
  auto* pages = reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(memory.data()) + 4095) &
                                             ~uintptr_t{4095});
  REQUIRE(domain.add({0x100000, 8192, pages, true, true}));
  REQUIRE(host.configure(0x100000, 0x101000) == 0);
  HostQueue queue = host.create_pair(1, 8);
  host.place_flushes(queue, 2);
  reinterpret_cast<uint32_t*>(pages)[2] = queue.tail;
  host.step_all();
  for (int i = 0; i < 2; i++) host.take_completion(queue, false);
  CHECK(reinterpret_cast<uint32_t*>(pages + 4096)[2] == 2);
  REQUIRE(domain.remove(0x100000, 8192));
  host.step();
  CHECK(spec::csts::cfs.get(host.read32(spec::registers::csts)) == 1);
}

TEST_CASE("a value out of range in the shadow is ignored and recorded once") {
  Quiet host;
  REQUIRE(host.configure(host.shadow, host.event_indices) == 0);
  host.create_pair(1, 8);
  host.ring_quietly(2, 8);
  host.step();
  host.step();
  CHECK(host.controller.statistics().invalid_doorbells == 1);
}

}  // namespace
}  // namespace nvm::emulator

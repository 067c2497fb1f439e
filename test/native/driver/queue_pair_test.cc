// SPDX-License-Identifier: MIT
// Queue pairs on the emulator, end to end: many laps at many depths, full and empty, several at
// once, closing while commands are outstanding, waking a sleeper.
#include "driver/queue_pair.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "driver/controller.h"
#include "driver/wait.h"
#include "transport/open.h"

namespace nvm::test {
namespace {

constexpr size_t kBlock = 512;
constexpr uint64_t kTimeoutNs = 5'000 * kNanosecondsPerMillisecond;

struct Host {
  std::shared_ptr<Controller> controller;

  Host() {
    EmulatorOptions options;
    options.namespaces[0].byte_length = 16 << 20;
    auto transport = open_emulator(options);
    REQUIRE(transport.ok());
    auto opened = Controller::open(transport.value(), thread_waiter());
    REQUIRE(opened.ok());
    controller = opened.value();
    REQUIRE(controller->claim_admin().ok());
  }

  std::shared_ptr<QueuePair> create(uint32_t depth) {
    QueuePairOptions options;
    options.depth = depth;
    auto pair = controller->create_queue_pair(options);
    REQUIRE(pair.ok());
    return pair.value();
  }

  const spec::CompletionQueueEntry& wait_for(QueuePair& pair) {
    const spec::CompletionQueueEntry* entry = nullptr;
    REQUIRE(wait_for_device(controller->transport(), thread_waiter(), kTimeoutNs,
                            [&] { return (entry = pair.poll()) != nullptr; }));
    return *entry;
  }
};

// One block at `lba`, from or to `address`.
bool enqueue(QueuePair& pair, uint8_t opcode, uint16_t id, uint64_t lba, uint64_t address) {
  spec::SubmissionQueueEntry* entry = pair.enqueue();
  if (entry == nullptr) return false;
  *entry = {};
  entry->opc = opcode;
  entry->cid = id;
  entry->nsid = 1;
  entry->prp1 = address;
  entry->cdw10 = static_cast<uint32_t>(lba);
  return true;
}

TEST_CASE("one command at a time, for many laps of short queues") {
  Host host;
  for (uint32_t depth : {1u, 2u, 6u}) {
    CAPTURE(depth);
    auto pair = host.create(depth);
    auto data = host.controller->allocate(kBlock).value();
    auto* words = reinterpret_cast<uint32_t*>(data->bytes());
    for (uint32_t i = 0; i < 3000; i++) {
      const bool writing = i % 2 == 0;
      words[0] = writing ? i : ~i;
      const uint16_t id = static_cast<uint16_t>(i * 7);
      REQUIRE(enqueue(*pair, writing ? spec::nvm_opcode::write : spec::nvm_opcode::read, id, 5,
                      data->io_address(0)));
      pair->ring();
      const spec::CompletionQueueEntry& entry = host.wait_for(*pair);
      REQUIRE(entry.sqhd == pair->block().sq_tail);
      REQUIRE(entry.sqid == pair->id());
      REQUIRE(entry.cid == id);
      REQUIRE((entry.status >> 1) == 0);
      const uint32_t expected = writing ? i : i - 1;
      REQUIRE(words[0] == expected);
      pair->consume();
      pair->ring_cq();
    }
    CHECK(pair->close().ok());
  }
}

// Fills the queue, then consumes in uneven batches, checking each block that comes back.
void run_laps(Host& host, QueuePair& pair, uint32_t total) {
  const uint32_t depth = pair.depth();
  auto data = host.controller->allocate(depth * kBlock).value();
  std::vector<uint16_t> free_ids;
  for (uint32_t id = depth; id-- > 0;) free_ids.push_back(static_cast<uint16_t>(id));
  uint32_t sent = 0;
  uint32_t done = 0;
  while (done < total) {
    for (; sent < total && !free_ids.empty(); sent++) {
      const uint16_t id = free_ids.back();
      free_ids.pop_back();
      auto* words = reinterpret_cast<uint32_t*>(data->bytes() + id * kBlock);
      words[0] = sent;
      REQUIRE(enqueue(pair, spec::nvm_opcode::write, id, id, data->io_address(id * kBlock)));
    }
    if (free_ids.empty()) CHECK(pair.enqueue() == nullptr);
    pair.ring();
    const uint32_t batch = 1 + done % 3;
    for (uint32_t i = 0; i < batch && done < sent; i++, done++) {
      const spec::CompletionQueueEntry& entry = host.wait_for(pair);
      REQUIRE((entry.status >> 1) == 0);
      REQUIRE(entry.cid < depth);
      free_ids.push_back(entry.cid);
      pair.consume();
    }
    pair.ring_cq();
  }
  CHECK(pair.block().outstanding == 0);
  CHECK(pair.poll() == nullptr);
}

TEST_CASE("every depth is full when it should be and goes round") {
  Host host;
  for (uint32_t depth : {1u, 2u, 3u, 4u, 7u, 31u, 32u, 63u, 64u, 100u, 255u, 1000u, 4095u}) {
    CAPTURE(depth);
    auto pair = host.create(depth);
    REQUIRE(pair->depth() == depth);
    run_laps(host, *pair, 5 * (depth + 1) + 3);
    CHECK(pair->close().ok());
    CHECK(pair->block().state == static_cast<int32_t>(QueueState::Closed));
  }
}

TEST_CASE("a depth that the controller does not have is refused") {
  Host host;
  for (uint32_t depth : {0u, 4096u}) {
    QueuePairOptions options;
    options.depth = depth;
    auto pair = host.controller->create_queue_pair(options);
    REQUIRE(!pair.ok());
    CHECK(pair.status().failure().code == ErrorCode::Range);
  }
}

TEST_CASE("several queue pairs do not mix their completions") {
  Host host;
  std::vector<std::shared_ptr<QueuePair>> pairs;
  for (uint32_t depth : {3u, 8u, 5u}) pairs.push_back(host.create(depth));
  auto data = host.controller->allocate(kBlock).value();
  for (uint32_t round = 0; round < 300; round++) {
    for (auto& pair : pairs) {
      REQUIRE(enqueue(*pair, spec::nvm_opcode::read, static_cast<uint16_t>(round), pair->id(),
                      data->io_address(0)));
      pair->ring();
    }
    for (auto& pair : pairs) {
      const spec::CompletionQueueEntry& entry = host.wait_for(*pair);
      REQUIRE(entry.sqid == pair->id());
      REQUIRE(entry.cid == static_cast<uint16_t>(round));
      pair->consume();
      pair->ring_cq();
    }
  }
}

TEST_CASE("a read of blocks that do not exist completes with the status, not with data") {
  Host host;
  auto pair = host.create(2);
  auto data = host.controller->allocate(kBlock).value();
  REQUIRE(enqueue(*pair, spec::nvm_opcode::read, 1, 1 << 30, data->io_address(0)));
  pair->ring();
  const uint16_t status = host.wait_for(*pair).status >> 1 & 0x7ff;
  CHECK(status == spec::status::lba_out_of_range);
}

TEST_CASE("a queue pair is closed while commands are outstanding, and its id serves again") {
  Host host;
  for (int round = 0; round < 20; round++) {
    auto pair = host.create(64);
    CHECK(pair->id() == 1);
    auto data = host.controller->allocate(64 * kBlock).value();
    for (uint16_t id = 0; id < 64; id++) {
      REQUIRE(enqueue(*pair, spec::nvm_opcode::read, id, id, data->io_address(id * kBlock)));
    }
    pair->ring();
    CHECK(pair->close().ok());
    CHECK(pair->close().ok());
  }
}

TEST_CASE("closing the controller closes its queue pairs, whose memory stays valid") {
  Host host;
  auto pair = host.create(4);
  CHECK(host.controller->close().ok());
  CHECK(pair->block().state == static_cast<int32_t>(QueueState::Closed));
  CHECK(pair->poll() == nullptr);
  CHECK(pair->close().ok());
}

TEST_CASE("a completion wakes a consumer that armed") {
  Host host;
  int sockets[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets) == 0);
  QueuePairOptions options;
  options.depth = 4;
  options.wakes = true;
  options.wake.fd = sockets[0];
  auto created = host.controller->create_queue_pair(options);
  REQUIRE(created.ok());
  QueuePair& pair = *created.value();
  auto data = host.controller->allocate(kBlock).value();
  for (int round = 0; round < 3; round++) {
    __atomic_store_n(&pair.block().armed, 1, __ATOMIC_SEQ_CST);
    CHECK(pair.poll() == nullptr);
    REQUIRE(enqueue(pair, spec::nvm_opcode::read, 0, 0, data->io_address(0)));
    pair.ring();
    pollfd waiting{sockets[1], POLLIN, 0};
    REQUIRE(poll(&waiting, 1, 10'000) == 1);
    char byte;
    CHECK(read(sockets[1], &byte, 1) == 1);
    CHECK(__atomic_load_n(&pair.block().armed, __ATOMIC_SEQ_CST) == 0);
    host.wait_for(pair);
    pair.consume();
    pair.ring_cq();
  }
  CHECK(pair.close().ok());
  close(sockets[0]);
  close(sockets[1]);
}

TEST_CASE("PRP list pages are one for each command, and addressable") {
  Host host;
  auto pair = host.create(5);
  for (uint32_t id = 0; id < 5; id++) {
    CHECK(pair->prp_list_address(id) % 4096 == 0);
    CHECK(reinterpret_cast<std::byte*>(pair->prp_list(id)) ==
          pair->prp_memory()->bytes() + id * 4096);
  }
}

}  // namespace
}  // namespace nvm::test

// SPDX-License-Identifier: MIT
// A controller that a server in this process serves over vfio-user, with the driver on top.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <cstring>

#include "driver/controller.h"
#include "transport/open.h"
#include "vfio_user/served.h"

namespace nvm::test {

using vfio_user::test::Served;

constexpr uint64_t kPatienceNs = 10'000 * kNanosecondsPerMillisecond;
constexpr size_t kBlock = 512;

// A served controller with a manager.
struct Driven {
  explicit Driven(vfio_user::Doorbells with, uint64_t reconnect = 0)
      : served(1, with), doorbells(with), reconnect_ns(reconnect) {
    open();
  }
  void open() {
    controller.reset();
    auto transport = open_transport("vfio-user:" + served.folder.path(), reconnect_ns);
    REQUIRE(transport.ok());
    auto opened = Controller::open(std::move(transport.value()), thread_waiter());
    REQUIRE(opened.ok());
    controller = std::move(opened.value());
    REQUIRE(controller->claim_admin().ok());
  }
  std::shared_ptr<QueuePair> queue(const QueuePairOptions& options) {
    auto pair = controller->create_queue_pair(options);
    REQUIRE(pair.ok());
    return pair.value();
  }

  void end_server() { served.server.reset(); }
  void start_server() {
    auto started =
        vfio_user::Server::start(served.runner, served.folder.path(), {.doorbells = doorbells});
    REQUIRE(started.ok());
    served.server = std::move(started.value());
  }

  Served served;
  vfio_user::Doorbells doorbells;
  const uint64_t reconnect_ns;
  std::shared_ptr<Controller> controller;
};

inline void put(QueuePair& queue, uint8_t opcode, uint64_t lba, uint64_t address) {
  spec::SubmissionQueueEntry* entry = queue.enqueue();
  REQUIRE(entry != nullptr);
  *entry = {};
  entry->opc = opcode;
  entry->nsid = 1;
  entry->prp1 = address;
  entry->cdw10 = static_cast<uint32_t>(lba);
}

// Takes `count` completions; false when one has an error or does not come.
inline bool take(QueuePair& queue, uint32_t count) {
  for (; count > 0; count--) {
    const spec::CompletionQueueEntry* entry = nullptr;
    wait_until(thread_waiter(), kPatienceNs, [&] { return (entry = queue.poll()) != nullptr; });
    if (entry == nullptr || entry->status >> 1 != 0) return false;
    queue.consume();
  }
  queue.ring_cq();
  return true;
}

// Writes and reads back `rounds` × `depth` blocks, each with a pattern of its own.
inline bool works(Driven& driven, QueuePair& queue, uint32_t rounds) {
  const uint32_t depth = queue.depth();
  auto memory = driven.controller->allocate(depth * kBlock);
  REQUIRE(memory.ok());
  DmaDescriptor& data = *memory.value();
  for (uint32_t round = 0; round < rounds; round++) {
    for (const uint8_t opcode : {spec::nvm_opcode::write, spec::nvm_opcode::read}) {
      const bool writes = opcode == spec::nvm_opcode::write;
      for (uint32_t i = 0; i < depth; i++) {
        std::memset(data.bytes() + i * kBlock, writes ? static_cast<int>(round * 7 + i) : 0,
                    kBlock);
        put(queue, opcode, round * depth + i, data.io_address(i * kBlock));
        if (i % 3 == 0) queue.ring();  // some rings are for several
      }
      queue.ring();
      if (!take(queue, depth)) return false;
    }
    for (uint32_t i = 0; i < depth; i++) {
      if (data.bytes()[i * kBlock + 100] != static_cast<std::byte>(round * 7 + i)) return false;
    }
  }
  return true;
}

struct Sleeper {
  Sleeper() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    reader.reset(ends[0]);
    writer.reset(ends[1]);
  }
  bool sleep() {
    pollfd waiting{reader.get(), POLLIN, 0};
    char byte;
    return poll(&waiting, 1, kPatienceNs / kNanosecondsPerMillisecond) == 1 &&
           recv(reader.get(), &byte, 1, 0) == 1;
  }
  UniqueFd reader, writer;
};

inline std::atomic_ref<uint32_t> armed_word(QueuePair& queue) {
  return std::atomic_ref<uint32_t>(reinterpret_cast<uint32_t&>(queue.block().armed));
}

}  // namespace nvm::test

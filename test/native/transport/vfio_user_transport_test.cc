// SPDX-License-Identifier: MIT
// A controller of our own server through the vfio-user transport, with the driver on top.
#include "transport/vfio_user_transport.h"

#include "transport/driven.h"

using namespace nvm;
using namespace nvm::test;

TEST_CASE("blocks are written and read, with doorbells by messages and in the server's page") {
  for (const auto doorbells : {vfio_user::Doorbells::Trap, vfio_user::Doorbells::Poll}) {
    CAPTURE(static_cast<int>(doorbells));
    Driven driven(doorbells);
    const Capabilities& capabilities = driven.controller->transport().capabilities();
    CHECK(capabilities.name == "vfio-user");
    CHECK_FALSE(capabilities.foreign_memory);
    CHECK(capabilities.wakes);
    const bool by_messages = driven.controller->transport().doorbells().sleeping != nullptr;
    CHECK(by_messages == (doorbells == vfio_user::Doorbells::Trap));
    auto queue = driven.queue({.depth = 15});
    CHECK(works(driven, *queue, 20));
    auto second = driven.queue({.depth = 3});
    CHECK(works(driven, *second, 5));
    CHECK(works(driven, *queue, 3));
  }
}

TEST_CASE("a queue under an id that was used before is rung from 0 on") {
  Driven driven(vfio_user::Doorbells::Trap);
  for (int i = 0; i < 3; i++) {
    auto queue = driven.queue({.depth = 15});
    CHECK(queue->id() == 1);
    put(*queue, spec::nvm_opcode::flush, 0, 0);
    queue->ring();
    REQUIRE(take(*queue, 1));
    CHECK(queue->close().ok());
  }
}

TEST_CASE("a reset leaves a controller that works, shadow doorbells included") {
  for (const auto doorbells : {vfio_user::Doorbells::Trap, vfio_user::Doorbells::Poll}) {
    Driven driven(doorbells);
    auto queue = driven.queue({.depth = 15});
    REQUIRE(works(driven, *queue, 2));
    REQUIRE(driven.controller->reset(driven.controller->epoch()).ok());
    CHECK(queue->lost());
    CHECK(queue->close().ok());
    queue = driven.queue({.depth = 15});
    CHECK(works(driven, *queue, 2));
    // The function's own reset, which also takes bus mastering.
    CHECK(driven.controller->transport().reset().ok());
    REQUIRE(driven.controller->reset(driven.controller->epoch()).ok());
    CHECK(queue->close().ok());
    queue = driven.queue({.depth = 7});
    CHECK(works(driven, *queue, 2));
  }
}

TEST_CASE("the device is told of shadow doorbells, and says there when it wants to be rung") {
  Driven driven(vfio_user::Doorbells::Trap);
  const auto pages = driven.controller->transport().shadow_pages();
  REQUIRE(pages.has_value());
  CHECK(pages->event_indices == pages->doorbells + 4096);
  CHECK(driven.controller->limits().takes_shadow_doorbells);
  auto queue = driven.queue({.depth = 31});
  uint32_t* events = nullptr;
  {
    const auto doorbells = driven.controller->transport().doorbells();
    events = const_cast<uint32_t*>(doorbells.base) + 1024;
  }
  // The device asks for the next ring when it has nothing to fetch: then its event index is the
  // tail.
  REQUIRE(works(driven, *queue, 1));
  CHECK(wait_until(thread_waiter(), kPatienceNs, [&] {
    return std::atomic_ref<uint32_t>(events[2]).load() ==
           static_cast<uint32_t>(queue->block().sq_tail);
  }));
  CHECK(works(driven, *queue, 10));
}

TEST_CASE("a consumer that sleeps is woken by its own vector, however often") {
  for (const auto doorbells : {vfio_user::Doorbells::Trap, vfio_user::Doorbells::Poll}) {
    Driven driven(doorbells);
    Sleeper first_sleeper, second_sleeper;
    auto first =
        driven.queue({.depth = 7, .wakes = true, .wake = {nullptr, first_sleeper.writer.get()}});
    auto second =
        driven.queue({.depth = 7, .wakes = true, .wake = {nullptr, second_sleeper.writer.get()}});
    for (int i = 0; i < 50; i++) {
      QueuePair& queue = i % 2 == 0 ? *first : *second;
      Sleeper& sleeper = i % 2 == 0 ? first_sleeper : second_sleeper;
      put(queue, spec::nvm_opcode::flush, 0, 0);
      armed_word(queue).store(1);
      queue.ring();
      REQUIRE(sleeper.sleep());
      REQUIRE(take(queue, 1));
    }
    CHECK(first->close().ok());
    CHECK(second->close().ok());
  }
}

TEST_CASE("memory of somebody else's is refused, and a file of ours is mapped as it is") {
  Driven driven(vfio_user::Doorbells::Trap);
  alignas(4096) static std::byte page[4096];
  auto refused = driven.controller->map(page, sizeof page);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().failure().code == ErrorCode::Unsupported);
  auto queue = driven.queue({.depth = 3});
  auto memory =
      DmaDescriptor::map(driven.controller->shared_transport(), Buffer::allocate(3 << 20).value())
          .value();
  const size_t last = memory->byte_length() - kBlock;
  std::memset(memory->bytes() + last, 0x3c, kBlock);
  put(*queue, spec::nvm_opcode::write, 9, memory->io_address(last));
  put(*queue, spec::nvm_opcode::read, 9, memory->io_address(0));
  queue->ring();
  CHECK(take(*queue, 2));
  CHECK(memory->bytes()[kBlock - 1] == std::byte{0x3c});
  const uint64_t address = memory->io_address(0);
  memory.reset();
  put(*queue, spec::nvm_opcode::read, 9, address);
  queue->ring();
  CHECK_FALSE(take(*queue, 1));
}

TEST_CASE(
    "when the server ends, sleepers are told, everything fails at once, and nothing is kept") {
  for (const auto doorbells : {vfio_user::Doorbells::Trap, vfio_user::Doorbells::Poll}) {
    Driven driven(doorbells);
    Sleeper sleeper;
    auto queue = driven.queue({.depth = 7, .wakes = true, .wake = {nullptr, sleeper.writer.get()}});
    REQUIRE(works(driven, *queue, 1));
    Transport& transport = driven.controller->transport();
    driven.end_server();
    CHECK(transport.is_gone());
    // A wake-up may still be for a completion. As consumers do: arm, look, sleep.
    for (;;) {
      armed_word(*queue).store(1);
      if (std::atomic_ref<int32_t>(queue->block().state).load() != 0) break;
      REQUIRE(sleeper.sleep());
    }
    CHECK(std::atomic_ref<int32_t>(queue->block().state).load() ==
          static_cast<int32_t>(QueueState::Lost));
    CHECK(transport.read_register64(spec::registers::cap) == UINT64_MAX);
    auto dropped = queue->drop();
    REQUIRE(dropped.ok());
    CHECK(dropped.value() == ErrorCode::ControllerGone);
    CHECK(queue->recreate().failure().code == ErrorCode::ControllerGone);
    auto admin = driven.controller->admin({}, kPatienceNs);
    CHECK(admin.status().failure().code == ErrorCode::ControllerGone);
    CHECK(queue->close().ok());
    const std::weak_ptr<Transport> left = driven.controller->shared_transport();
    CHECK(driven.controller->close().ok());
    queue.reset();
    driven.controller.reset();
    CHECK(left.expired());
  }
}

TEST_CASE("a server that comes back is opened anew beside the controller that is gone") {
  Driven driven(vfio_user::Doorbells::Trap);
  auto before = driven.controller;
  const std::string folder = driven.served.folder.path();
  driven.end_server();
  auto nobody = open_transport(folder);
  REQUIRE_FALSE(nobody.ok());
  CHECK(nobody.status().failure().code == ErrorCode::Target);
  driven.start_server();
  driven.open();
  CHECK(driven.controller->shared_transport() != before->shared_transport());
  auto queue = driven.queue({.depth = 7});
  CHECK(works(driven, *queue, 2));
  CHECK(before->transport().read_register32(spec::registers::csts) == UINT32_MAX);
  // The old one's end leaves the new one as it is.
  CHECK(before->close().ok());
  before.reset();
  CHECK(open_transport(folder).value() == driven.controller->shared_transport());
  CHECK(works(driven, *queue, 2));
}

TEST_CASE("sockets and their folders are opened by their paths, and what is neither is named") {
  Served served;
  const std::string folder = served.folder.path();
  auto by_folder = open_transport(folder);
  REQUIRE(by_folder.ok());
  CHECK(open_transport(served.folder.socket()).value() == by_folder.value());
  CHECK(open_transport("vfio-user:" + folder).value() == by_folder.value());
  CHECK(open_transport("vfio-user:" + folder + "/no").status().failure().code == ErrorCode::Target);
  CHECK(open_transport("vfio-user:/dev/null").status().failure().code == ErrorCode::Target);
  CHECK(open_transport("vfio-user:/tmp/" + std::string(200, 'x')).status().failure().code ==
        ErrorCode::Target);
}

TEST_CASE("a server that has a client is busy for another") {
  Served served;
  auto first = open_vfio_user_transport(served.folder.socket());
  REQUIRE(first.ok());
  auto second = open_vfio_user_transport(served.folder.socket(), 100);
  REQUIRE_FALSE(second.ok());
  CHECK(second.status().failure().code == ErrorCode::Busy);
}

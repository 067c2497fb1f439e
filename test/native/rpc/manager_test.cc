// SPDX-License-Identifier: MIT
// What clients find when their manager resets the controller, or ends.
#include <poll.h>
#include <sys/socket.h>

#include "rpc/scripted.h"

namespace nvm::test {
namespace {

bool becomes_lost(QueuePair& pair) {
  return wait_until(thread_waiter(), kTimeoutNs, [&] { return pair.lost(); });
}

TEST_CASE("after the manager's reset a client makes its queues again, and works") {
  Manager manager;
  auto client = manager.connect();
  auto pair = create_pair(*client, 4);
  auto page = client->allocate(4096);
  REQUIRE(page.ok());
  for (int lap = 0; lap < 20; lap++) {
    REQUIRE(manager.controller->reset(manager.controller->epoch()).ok());
    REQUIRE(becomes_lost(*pair));
    REQUIRE(pair->drop().ok());
    REQUIRE(pair->recreate().ok());
    CHECK(execute(*client, *pair, spec::nvm_opcode::write, 1, page.value()->io_address(0)) == 0);
  }
}

TEST_CASE("a server that stops under load ends every call at once, and memory stays readable") {
  Manager manager;
  auto client = manager.connect();
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  const UniqueFd sleeper(ends[0]), waker(ends[1]);
  QueuePairOptions options;
  options.depth = 4;
  options.wakes = true;
  options.wake.fd = waker.get();
  auto made = client->create_queue_pair(options);
  REQUIRE(made.ok());
  auto page = client->allocate(4096);
  REQUIRE(page.ok());
  std::memset(page.value()->bytes(), 0x77, 4096);
  std::atomic_ref(made.value()->block().armed).store(1);
  std::thread stopping([&] { manager.server->stop(); });
  INFO("who sleeps wakes");
  pollfd waiting{sleeper.get(), POLLIN, 0};
  CHECK(poll(&waiting, 1, 5000) == 1);
  CHECK(becomes_lost(*made.value()));
  stopping.join();
  const uint64_t before_ns = thread_waiter().now_ns();
  auto late = identify(*client, page.value());
  REQUIRE_FALSE(late.ok());
  CHECK(late.status().failure().code == ErrorCode::ManagerGone);
  auto memory = client->allocate(4096);
  REQUIRE_FALSE(memory.ok());
  CHECK(memory.status().failure().code == ErrorCode::ManagerGone);
  INFO("nobody waited for a timeout");
  CHECK(thread_waiter().now_ns() - before_ns < 4 * kSecondNs);
  CHECK(page.value()->bytes()[4095] == std::byte{0x77});
  (void)made.value()->close();
  (void)client->close();
}

TEST_CASE("a server stops though the device refuses to delete a queue, and lets go of nothing") {
  FaultyEmulator emulator;
  Folder folder;
  auto served = rpc::share(*emulator.controller);
  REQUIRE(served.ok());
  auto started = rpc::Server::start(served.value(), folder / "nvm", {}, {});
  REQUIRE(started.ok());
  auto client = open_controller(open_transport(started.value()->path()));
  auto pair = create_pair(*client, 4);
  emulator.refuse_admin(spec::admin_opcode::delete_io_submission_queue,
                        spec::status::internal_error);
  started.value()->stop();
  started.value().reset();
  emulator.clear_faults();
  INFO("its number stays taken");
  auto restarted = rpc::Server::start(served.value(), folder / "nvm", {}, {});
  REQUIRE(restarted.ok());
  auto next = open_controller(open_transport(restarted.value()->path()));
  CHECK(create_pair(*next, 4)->id() != pair->id());
}

TEST_CASE("a server starts again where one has stopped, and gives out all numbers") {
  Manager manager;
  const std::string path = manager.server->path();
  for (int lap = 0; lap < 3; lap++) {
    auto client = manager.connect();
    auto pair = create_pair(*client, 4);
    manager.server->stop();
    auto started = rpc::Server::start(rpc::share(*manager.controller).value(), path, {}, {});
    REQUIRE(started.ok());
    manager.server = std::move(started.value());
    CHECK(pair->id() == 1);
  }
}

}  // namespace
}  // namespace nvm::test

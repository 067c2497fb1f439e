// SPDX-License-Identifier: MIT
// A client's queue that the device does not delete: the client cannot reset the controller for it.
#include "rpc/scripted.h"
#include "rpc/worker.h"

namespace nvm::test {
namespace {

TEST_CASE("a client that asks for a reset is refused, and works as before") {
  Manager manager;
  auto client = manager.connect();
  auto pair = create_pair(*client, 4);
  auto page = client->allocate(4096);
  REQUIRE(page.ok());
  const uint32_t epoch = client->epoch();
  CHECK(client->reset(epoch).failure().code == ErrorCode::Refused);
  CHECK(client->epoch() == epoch);
  CHECK(identify(*client, page.value()).ok());
  CHECK(execute(*client, *pair, spec::nvm_opcode::read, 0, page.value()->io_address(0)) == 0);
  CHECK(create_pair(*client, 4)->id() != pair->id());
}

TEST_CASE("a queue that is not deleted keeps its memory and number, and its client goes on") {
  ServedEmulator manager;
  const size_t before = count_free_numbers(*manager.controller);
  auto client = manager.connect();
  auto kept = create_pair(*client, 4);
  auto other = create_pair(*client, 4);
  auto page = client->allocate(4096);
  REQUIRE(page.ok());
  manager.drop_admin(spec::admin_opcode::delete_io_submission_queue);
  auto dropped = kept->drop(50 * kNanosecondsPerMillisecond);
  REQUIRE_FALSE(dropped.ok());
  CHECK(dropped.status().failure().code == ErrorCode::Timeout);
  const std::string& detail = dropped.status().failure().detail;
  CHECK(detail.find(manager.server->path() + " resets the controller") != std::string::npos);
  Status closed = kept->close();
  REQUIRE_FALSE(closed.ok());
  CHECK(closed.failure().detail.find("resets the controller") != std::string::npos);
  CHECK(identify(*client, page.value()).ok());
  CHECK(execute(*client, *other, spec::nvm_opcode::read, 0, page.value()->io_address(0)) == 0);
  auto later = create_pair(*client, 4);
  CHECK(later->id() != kept->id());
  manager.clear_faults();

  SUBCASE("a reset gives all of it back to the client") {
    REQUIRE(manager.controller->reset(manager.controller->epoch()).ok());
    REQUIRE(wait_until(thread_waiter(), kTimeoutNs, [&] { return other->lost(); }));
    CHECK(other->close().ok());
    CHECK(later->close().ok());
    CHECK(wait_until(thread_waiter(), kTimeoutNs,
                     [&] { return count_free_numbers(*manager.controller) == before; }));
  }
  SUBCASE("a client that closes leaves it to the manager, until the reset") {
    CHECK(client->close().ok());
    for (auto* pair : {&kept, &other, &later}) pair->reset();
    page.value().reset();
    client.reset();
    CHECK(wait_until(thread_waiter(), kTimeoutNs,
                     [&] { return count_free_numbers(*manager.controller) == before - 1; }));
    REQUIRE(manager.controller->reset(manager.controller->epoch()).ok());
    CHECK(wait_until(thread_waiter(), kTimeoutNs,
                     [&] { return count_free_numbers(*manager.controller) == before; }));
  }
}

}  // namespace
}  // namespace nvm::test

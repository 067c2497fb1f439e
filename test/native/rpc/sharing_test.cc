// SPDX-License-Identifier: MIT
// One controller, its manager and clients in one process: what each of them can do.
#include "rpc/sharing.h"

namespace nvm::test {
namespace {

TEST_CASE("a client identifies, has queues of its own, and moves data") {
  Manager manager;
  auto client = manager.connect();
  CHECK(client->transport().capabilities().emulated);
  CHECK_FALSE(client->transport().capabilities().foreign_memory);

  auto page = client->allocate(4096);
  REQUIRE(page.ok());
  auto completion = identify(*client, page.value());
  REQUIRE(completion.ok());
  CHECK(completion.value().status_field == 0);
  spec::IdentifyController identity;
  std::memcpy(&identity, page.value()->bytes(), sizeof identity);
  CHECK(std::string(identity.mn, 16) == "peernvm emulator");

  auto pair = create_pair(*client, 8);
  std::memset(page.value()->bytes(), 0x5a, 512);
  for (int lap = 0; lap < 100; lap++) {
    CHECK(execute(*client, *pair, spec::nvm_opcode::write, 7, page.value()->io_address(0)) == 0);
    std::memset(page.value()->bytes(), 0, 512);
    CHECK(execute(*client, *pair, spec::nvm_opcode::read, 7, page.value()->io_address(0)) == 0);
    REQUIRE(page.value()->bytes()[511] == std::byte{0x5a});
  }
}

TEST_CASE("clients and the owner work side by side, and see each other's data") {
  Manager manager;
  auto first = manager.connect();
  auto second = manager.connect();
  auto owners = manager.controller;
  std::vector<std::shared_ptr<QueuePair>> pairs;
  std::vector<std::shared_ptr<DmaDescriptor>> pages;
  uint64_t lba = 0;
  for (const auto& controller : {owners, first, second}) {
    pairs.push_back(create_pair(*controller, 4));
    auto page = controller->allocate(4096);
    REQUIRE(page.ok());
    pages.push_back(page.value());
    std::memset(page.value()->bytes(), static_cast<int>(++lba), 512);
    CHECK(execute(*controller, *pairs.back(), spec::nvm_opcode::write, lba,
                  page.value()->io_address(0)) == 0);
  }
  INFO("queue ids are not shared");
  CHECK(pairs[0]->id() != pairs[1]->id());
  CHECK(pairs[1]->id() != pairs[2]->id());
  CHECK(execute(*first, *pairs[1], spec::nvm_opcode::read, 3, pages[1]->io_address(0)) == 0);
  CHECK(pages[1]->bytes()[0] == std::byte{3});
  INFO("another client's addresses are errors");
  CHECK((execute(*first, *pairs[1], spec::nvm_opcode::read, 3, pages[2]->io_address(0)) &
         spec::status::code_mask) == spec::status::data_transfer_error);
  CHECK((execute(*first, *pairs[1], spec::nvm_opcode::read, 3, pages[0]->io_address(0)) &
         spec::status::code_mask) == spec::status::data_transfer_error);
}

TEST_CASE("the thread that serves steps a parked device, which stays parked") {
  Manager manager;
  auto client = manager.connect();
  auto page = client->allocate(4096);
  REQUIRE(page.ok());
  const auto* sleeping = manager.controller->transport().doorbells().sleeping;
  REQUIRE(wait_until(thread_waiter(), kTimeoutNs, [&] { return sleeping->load() != 0; }));
  for (int lap = 0; lap < 100; lap++) REQUIRE(identify(*client, page.value()).ok());
  CHECK(sleeping->load() != 0);
}

TEST_CASE("a queue for which a client may have no more memory is refused, and takes nothing") {
  rpc::ServiceLimits limits;
  limits.mapped_bytes_max = 64 << 10;
  Manager manager({}, limits);
  auto client = manager.connect();
  QueuePairOptions options;
  options.depth = 1000;
  for (int i = 0; i < 20; i++) {
    auto pair = client->create_queue_pair(options);
    REQUIRE_FALSE(pair.ok());
    CHECK(pair.status().failure().code == ErrorCode::Range);
  }
  CHECK(create_pair(*client, 4)->id() == 1);
}

}  // namespace
}  // namespace nvm::test

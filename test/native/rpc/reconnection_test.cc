// SPDX-License-Identifier: MIT
// Clients that go on with the next manager when theirs has gone.
#include <sys/socket.h>

#include <functional>
#include <future>
#include <thread>

#include "driver/remote_manager.h"
#include "rpc/successors.h"
#include "rpc/worker.h"

namespace nvm::test {
namespace {

bool comes_true(const std::function<bool()>& condition) {
  return wait_until(thread_waiter(), kTimeoutNs, condition);
}

bool is_back(Controller& client) {
  return comes_true([&] { return client.transport().read_register32(0) != UINT32_MAX; });
}

ErrorCode code_of(const Status& status) {
  return status.ok() ? ErrorCode{} : status.failure().code;
}

TEST_CASE("memory keeps its I/O addresses, and a queue pair its number, at the next manager") {
  Successors managers;
  auto client = managers.connect();
  auto page = client->allocate(4096).value();
  auto large = client->allocate(4 << 20).value();
  auto other = create_pair(*client, 4);
  auto pair = create_pair(*client, 4);
  REQUIRE(other->close().ok());
  std::memset(page->bytes(), 5, 4096);
  REQUIRE(execute(*client, *pair, spec::nvm_opcode::write, 7, page->io_address(0)) == 0);
  const uint64_t address = page->io_address(0);
  for (int round = 0; round < 3; round++) {
    managers.end();
    REQUIRE(managers.is_awaited());
    CHECK(page->bytes()[0] == std::byte{5});
    auto reason = pair->drop();
    REQUIRE(reason.ok());
    CHECK(reason.value() == ErrorCode::ManagerGone);
    managers.start();
    REQUIRE(is_back(*client));
    REQUIRE(pair->recreate().ok());
    CHECK(pair->id() == 2);
    CHECK(page->io_address(0) == address);
    std::memset(page->bytes(), 0, 512);
    REQUIRE(execute(*client, *pair, spec::nvm_opcode::read, 7, address) == 0);
    CHECK(page->bytes()[511] == std::byte{5});
    REQUIRE(execute(*client, *pair, spec::nvm_opcode::read, 7, large->io_address(3 << 20)) == 0);
    REQUIRE(identify(*client, page).ok());
    std::memset(page->bytes(), 5, 4096);
  }
  INFO("the lowest is free there, too");
  CHECK(create_pair(*client, 4)->id() == 1);
}

TEST_CASE("what is asked while there is no manager waits for the next, or its time out") {
  Successors managers;
  auto client = managers.connect();
  auto page = client->allocate(4096).value();
  managers.end();
  REQUIRE(managers.is_awaited());
  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::identify;
  command.cdw10 = spec::cns::identify_controller;
  command.prp1 = page->io_address(0);
  Result<std::shared_ptr<DmaDescriptor>> allocated = Status(ErrorCode::Timeout);
  Result<Completion> identified = Status(ErrorCode::Timeout);
  std::thread allocating([&] { allocated = client->allocate(4096); });
  std::thread identifying([&] { identified = client->admin(command, kTimeoutNs, page); });
  managers.start();
  allocating.join();
  identifying.join();
  CHECK(allocated.ok());
  CHECK(identified.ok());
}

TEST_CASE("what was let go of meanwhile is not asked for again, and what is left is used again") {
  Successors managers;
  const size_t numbers = count_free_numbers(managers.controller());
  auto client = managers.connect();
  auto kept = client->allocate(4096).value();
  auto dropped = client->allocate(1 << 20).value();
  auto pair = create_pair(*client, 4);
  managers.end();
  REQUIRE(managers.is_awaited());
  dropped.reset();
  CHECK(pair->close().ok());
  pair.reset();
  rpc::ServiceLimits limits;
  limits.mapped_bytes_max = 8192;
  managers.start(limits);
  REQUIRE(is_back(*client));
  CHECK(count_free_numbers(managers.controller()) == numbers);
  CHECK(identify(*client, kept).ok());
}

TEST_CASE("wakes: a consumer that sleeps is woken by the next manager's device") {
  Successors managers;
  auto client = managers.connect();
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  const UniqueFd read_end(ends[0]);
  const UniqueFd write_end(ends[1]);
  const auto was_woken = [&] {
    char bytes[16];
    return recv(read_end.get(), bytes, sizeof bytes, 0) > 0;
  };
  QueuePairOptions options;
  options.wakes = true;
  options.wake.fd = write_end.get();
  auto idle = client->create_queue_pair(options).value();
  auto pair = client->create_queue_pair(options).value();
  REQUIRE(idle->close().ok());
  auto& armed = reinterpret_cast<std::atomic<uint32_t>&>(pair->block().armed);
  armed = 1;
  managers.end();
  INFO("that the manager has gone is told, too");
  CHECK(comes_true(was_woken));
  managers.start();
  REQUIRE(is_back(*client));
  REQUIRE(pair->drop().ok());
  REQUIRE(pair->recreate().ok());
  armed = 1;
  auto page = client->allocate(4096).value();
  REQUIRE(execute(*client, *pair, spec::nvm_opcode::read, 0, page->io_address(0)) == 0);
  CHECK(comes_true(was_woken));
}

TEST_CASE("blocks that are others are not taken for those of before") {
  Successors managers(true);
  auto client = managers.connect();
  auto page = client->allocate(4096).value();
  auto pair = create_pair(*client, 4);
  managers.end();
  REQUIRE(managers.is_awaited());
  managers.start();
  REQUIRE(comes_true([&] { return !client->transport().awaits_manager(); }));
  CHECK(code_of(client->allocate(4096).status()) == ErrorCode::DataLost);
  CHECK(code_of(identify(*client, page).status()) == ErrorCode::DataLost);
  CHECK(code_of(pair->drop().status()) == ErrorCode::DataLost);
  CHECK(managers.connect()->allocate(4096).ok());
}

TEST_CASE("an image that was replaced by another file has other blocks") {
  Successors managers;
  auto client = managers.connect();
  managers.end();
  REQUIRE(managers.is_awaited());
  const std::string image = managers.options().image;
  std::filesystem::copy(image, image + ".copy");
  std::filesystem::rename(image + ".copy", image);
  std::filesystem::remove(image + ".peernvm");
  managers.start();
  REQUIRE(comes_true([&] { return !client->transport().awaits_manager(); }));
  CHECK(code_of(client->allocate(4096).status()) == ErrorCode::DataLost);
}

TEST_CASE("a controller of another shape is not taken for that of before") {
  const auto refuses = [](const std::function<void(EmulatorOptions&)>& change,
                          rpc::ServicePolicy policy = {}) {
    Successors managers;
    auto client = managers.connect();
    managers.end();
    REQUIRE(managers.is_awaited());
    change(managers.options());
    managers.start({}, std::move(policy));
    REQUIRE(comes_true([&] { return !client->transport().awaits_manager(); }));
    auto refused = client->allocate(4096);
    const Status& failure = refused.status();
    CHECK(code_of(failure) == ErrorCode::ManagerGone);
    CHECK(failure.failure().detail.find("another controller is served") != std::string::npos);
  };
  refuses([](EmulatorOptions& options) { options.limits.mdts = 3; });
  refuses([](EmulatorOptions& options) { options.limits.queue_entries_max = 64; });
  refuses([](EmulatorOptions& options) { options.limits.interrupt_vectors_max = 2; });
  rpc::ServicePolicy read_only;
  read_only.sharing.opcodes = reading_opcodes();
  refuses([](EmulatorOptions&) {}, read_only);
}

TEST_CASE("a queue whose manager ends while it is closed is closed, and its number is free") {
  Successors managers;
  auto client = managers.connect();
  auto pair = create_pair(*client, 4);
  const uint16_t id = pair->id();
  REQUIRE(managers.controller().ownership().value().admin->stop().ok());
  auto closing = std::async(std::launch::async, [&] { return pair->close(); });
  usleep(50'000);  // the deletion is not answered
  managers.end();
  CHECK(closing.get().ok());
  managers.start();
  CHECK(is_back(*client));
  CHECK(create_pair(*client, 4)->id() == id);
}

TEST_CASE("a number or an address that somebody else has there ends when he lets go") {
  Successors managers;
  auto client = managers.connect();
  auto pair = create_pair(*client, 4);
  managers.end();
  REQUIRE(managers.is_awaited());
  {
    managers.start();
    OwnQueueNumbers& numbers = *managers.controller().ownership().value().queue_numbers;
    const Result<QueueNumber> taken = numbers.take(false, pair->id());
    if (taken.ok()) {
      CHECK_FALSE(wait_until(thread_waiter(), 100 * kNanosecondsPerMillisecond,
                             [&] { return !client->transport().awaits_manager(); }));
      numbers.give_back(taken.value());
    }
  }
  CHECK(is_back(*client));
}

TEST_CASE("after the period without a manager everything fails, and says so") {
  Successors managers;
  auto client = managers.connect(50 * kNanosecondsPerMillisecond);
  auto page = client->allocate(4096).value();
  auto pair = create_pair(*client, 4);
  managers.end();
  CHECK(code_of(identify(*client, page).status()) == ErrorCode::ManagerGone);
  CHECK(comes_true([&] { return !client->transport().awaits_manager(); }));
  CHECK(code_of(pair->drop().status()) == ErrorCode::ManagerGone);
  const std::string detail = client->transport().gone().failure().detail;
  CHECK(detail.find("within 50 ms") != std::string::npos);
  managers.start();
  CHECK(code_of(client->allocate(4096).status()) == ErrorCode::ManagerGone);
}

TEST_CASE("who comes while the last one was about to close has a next manager") {
  Successors managers;
  auto client = managers.connect();
  auto page = client->allocate(4096).value();
  client->transport().stop_waiting();
  client->transport().resume_waiting();
  managers.end();
  REQUIRE(managers.is_awaited());
  managers.start();
  CHECK(identify(*client, page).ok());
}

TEST_CASE("closing ends all waiting at once") {
  Successors managers;
  auto client = managers.connect(3'600'000 * kNanosecondsPerMillisecond);
  auto pair = create_pair(*client, 4);
  managers.end();
  REQUIRE(managers.is_awaited());
  std::thread waiting([&] { CHECK_FALSE(client->allocate(4096).ok()); });
  const uint64_t began_ns = thread_waiter().now_ns();
  CHECK(pair->close().ok());
  CHECK(client->close().ok());
  waiting.join();
  pair.reset();
  client.reset();
  INFO("sooner than a call would have timed out");
  CHECK(thread_waiter().now_ns() - began_ns < rpc::kCallTimeoutNs);
}

TEST_CASE("I/O goes on while managers come and go") {
  Successors managers;
  auto client = managers.connect();
  auto pair = create_pair(*client, 4);
  auto page = client->allocate(4096).value();
  for (uint32_t round = 0; round < 20; round++) {
    std::memset(page->bytes(), static_cast<int>(round), 512);
    REQUIRE(execute(*client, *pair, spec::nvm_opcode::write, round, page->io_address(0)) == 0);
    managers.end();
    managers.start();
    REQUIRE(pair->drop().ok());
    REQUIRE(is_back(*client));
    REQUIRE(pair->recreate().ok());
    for (uint32_t lba = 0; lba <= round; lba++) {
      REQUIRE(execute(*client, *pair, spec::nvm_opcode::read, lba, page->io_address(0)) == 0);
      CHECK(page->bytes()[9] == static_cast<std::byte>(lba));
    }
  }
}

}  // namespace
}  // namespace nvm::test

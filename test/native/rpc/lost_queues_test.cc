// SPDX-License-Identifier: MIT
// A client hears of a reset when its thread comes to it, which may be while it drops queues, or
// after it has made them anew.
#include <functional>
#include <thread>

#include "rpc/scripted.h"
#include "rpc/successors.h"

namespace nvm::test {
namespace {

// Another transport, of which the test says when it tells that queues are lost.
class LateNotices : public Transport {
 public:
  explicit LateNotices(std::shared_ptr<Transport> transport) : inner_(std::move(transport)) {}

  void tell() { lost_(ErrorCode::QueueLost); }
  // Called once, by whoever reads a register next.
  void before_read(std::function<void()> hook) { before_read_ = std::move(hook); }

  const Capabilities& capabilities() const override { return inner_->capabilities(); }
  uint32_t read_register32(uint32_t offset) override {
    if (before_read_) std::exchange(before_read_, {})();
    return inner_->read_register32(offset);
  }
  uint64_t read_register64(uint32_t offset) override { return inner_->read_register64(offset); }
  void write_register32(uint32_t, uint32_t) override {}
  void write_register64(uint32_t, uint64_t) override {}
  Doorbells doorbells() override { return inner_->doorbells(); }
  void ring_wake() override { inner_->ring_wake(); }
  volatile void* bar() override { return inner_->bar(); }
  size_t bar_byte_length() override { return inner_->bar_byte_length(); }
  Result<Mapping> map(const Buffer& buffer) override { return inner_->map(buffer); }
  Status unmap(const Mapping& mapping) override { return inner_->unmap(mapping); }
  const RemoteManager* manager() override { return inner_->manager(); }
  void on_queues_lost(std::function<void(ErrorCode why)> lost) override { lost_ = std::move(lost); }
  Status reset() override { return inner_->reset(); }
  Status gone() override { return inner_->gone(); }
  bool is_gone() override { return inner_->is_gone(); }
  bool awaits_manager() override { return inner_->awaits_manager(); }
  bool has_next() override { return inner_->has_next(); }
  void stop_waiting() override { inner_->stop_waiting(); }
  void leave() override { inner_->leave(); }

 protected:
  const std::shared_ptr<Transport> inner_;

 private:
  std::function<void(ErrorCode why)> lost_;
  std::function<void()> before_read_;
};

// The same, that tells of no reset, and at once of a manager that has gone.
class EndNotices final : public LateNotices {
 public:
  using LateNotices::LateNotices;
  void on_queues_lost(std::function<void(ErrorCode why)> lost) override {
    inner_->on_queues_lost([lost = std::move(lost)](ErrorCode why) {
      if (lost && why == ErrorCode::ManagerGone) lost(why);
    });
  }
};

struct LateClient {
  template <class AnyManager>
  explicit LateClient(AnyManager& manager)
      : transport(std::make_shared<LateNotices>(open_transport(manager.server->path()).value())),
        controller(open_controller(std::shared_ptr<Transport>(transport))) {}

  std::shared_ptr<LateNotices> transport;
  std::shared_ptr<Controller> controller;
};

TEST_CASE(
    "a queue that was made after the reset that its client hears of ends, and can be remade") {
  Manager manager;
  LateClient client(manager);
  auto page = client.controller->allocate(4096);
  REQUIRE(page.ok());
  const uint64_t address = page.value()->io_address(0);
  auto pair = create_pair(*client.controller, 4);
  for (int i = 0; i < 3; i++) {
    CHECK(execute(*client.controller, *pair, spec::nvm_opcode::write, 7, address) == 0);
    client.transport->tell();
    CHECK(pair->lost());
    auto dropped = pair->drop();
    REQUIRE(dropped.ok());
    CHECK(dropped.value() == ErrorCode::QueueLost);
    INFO("the device has let go of it");
    spec::SubmissionQueueEntry deletion{};
    deletion.opc = spec::admin_opcode::delete_io_completion_queue;
    deletion.cdw10 = pair->id();
    auto completion = manager.controller->admin(deletion, kTimeoutNs);
    REQUIRE(completion.ok());
    CHECK((completion.value().status_field & spec::status::code_mask) ==
          spec::status::invalid_queue_identifier);
    REQUIRE(pair->recreate().ok());
  }
  client.transport->tell();
  CHECK(pair->close().ok());
  CHECK(create_pair(*client.controller, 4)->id() == pair->id());
}

TEST_CASE("a client that drops a queue while its manager resets the controller makes it anew") {
  Manager manager;
  LateClient client(manager);
  auto pair = create_pair(*client.controller, 4);
  AdminQueue& admin = *manager.controller->ownership().value().admin;
  REQUIRE(admin.stop().ok());
  Result<std::optional<ErrorCode>> dropped = Status(ErrorCode::Timeout);
  std::thread dropping([&] { dropped = pair->drop(); });
  usleep(50'000);
  REQUIRE(admin.start().ok());
  dropping.join();
  REQUIRE(dropped.ok());
  CHECK(dropped.value() == std::nullopt);
  INFO("all of the reset");
  REQUIRE(manager.controller->reset(manager.controller->epoch()).ok());
  client.transport->tell();
  REQUIRE(pair->recreate().ok());
  auto page = client.controller->allocate(4096).value();
  CHECK(execute(*client.controller, *pair, spec::nvm_opcode::read, 0, page->io_address(0)) == 0);
}

TEST_CASE("a queue that is not deleted before its manager resets the controller is made anew") {
  ServedEmulator manager;
  LateClient client(manager);
  auto pair = create_pair(*client.controller, 4);
  manager.drop_admin(spec::admin_opcode::delete_io_submission_queue);
  client.transport->before_read([&] {
    manager.clear_faults();
    REQUIRE(manager.controller->reset(manager.controller->epoch()).ok());
    client.transport->tell();
  });
  auto dropped = pair->drop(50 * kNanosecondsPerMillisecond);
  REQUIRE(dropped.ok());
  CHECK(dropped.value() == ErrorCode::QueueLost);
  REQUIRE(pair->recreate().ok());
  auto page = client.controller->allocate(4096).value();
  CHECK(execute(*client.controller, *pair, spec::nvm_opcode::read, 0, page->io_address(0)) == 0);
}

TEST_CASE("a queue whose manager ends while it is deleted, and has a successor, is made anew") {
  Successors managers;
  auto transport = std::make_shared<EndNotices>(managers.open().value());
  auto client = open_controller(std::shared_ptr<Transport>(transport));
  auto pair = create_pair(*client, 4);
  std::atomic<bool> is_over{false};
  transport->before_read([&] {
    CHECK(wait_until(thread_waiter(), kTimeoutNs, [&] { return is_over.load(); }));
    managers.start();
    CHECK(wait_until(thread_waiter(), kTimeoutNs, [&] { return !transport->awaits_manager(); }));
  });
  REQUIRE(managers.controller().ownership().value().admin->stop().ok());
  Result<std::optional<ErrorCode>> dropped = Status(ErrorCode::Timeout);
  std::thread dropping([&] { dropped = pair->drop(); });
  usleep(50'000);
  managers.end();
  is_over = true;
  dropping.join();
  REQUIRE(dropped.ok());
  CHECK(dropped.value() == ErrorCode::ManagerGone);
  REQUIRE(pair->recreate().ok());
  auto page = client->allocate(4096).value();
  CHECK(execute(*client, *pair, spec::nvm_opcode::read, 0, page->io_address(0)) == 0);
}

}  // namespace
}  // namespace nvm::test

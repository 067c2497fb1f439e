// SPDX-License-Identifier: MIT
// A client hears of a reset when its thread comes to it, which may be after it has made queues
// anew.
#include "rpc/sharing.h"

namespace nvm::test {
namespace {

// Another transport, of which the test says when it tells that queues are lost.
class LateNotices final : public Transport {
 public:
  explicit LateNotices(std::shared_ptr<Transport> transport) : inner_(std::move(transport)) {}

  void tell() { lost_(ErrorCode::QueueLost); }

  const Capabilities& capabilities() const override { return inner_->capabilities(); }
  uint32_t read_register32(uint32_t offset) override { return inner_->read_register32(offset); }
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

 private:
  const std::shared_ptr<Transport> inner_;
  std::function<void(ErrorCode why)> lost_;
};

struct LateClient {
  explicit LateClient(Manager& manager)
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

}  // namespace
}  // namespace nvm::test

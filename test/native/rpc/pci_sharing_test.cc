// SPDX-License-Identifier: MIT
// Sharing a PCI device, on one made of files: what a client has of it, and that it has no more of
// it when its manager has gone.
#include "rpc/scripted.h"
#include "transport/fake_pci_device.h"
#include "transport/rpc_transport.h"
#include "transport/sysfs_transport.h"

namespace nvm::test {
namespace {

// Enables and disables itself whenever the driver waits for it. It answers no commands.
class FileDrive final : public Waiter {
 public:
  FileDrive() { fake.write_register32(spec::registers::cap, 0x3fff | 1u << 16 | 4u << 24); }

  uint64_t now_ns() override { return thread_waiter().now_ns(); }
  void pause(unsigned empty_rounds) override {
    fake.write_register32(spec::registers::csts, fake.read_register32(spec::registers::cc) & 1);
    thread_waiter().pause(empty_rounds);
  }

  FakePciDevice fake;
};

struct DriveManager {
  DriveManager() {
    auto opened = open_sysfs_transport(drive.fake.device().value());
    REQUIRE(opened.ok());
    transport = std::move(opened.value());
    auto window = Buffer::allocate(2 * 4096);
    REQUIRE(window.ok());
    auto admin = AdminQueue::create(
        transport, {window.value()->bytes(), 0x10000, 0x11000, window.value()}, drive);
    REQUIRE(admin.ok());
    rpc::ServedController served;
    served.transport = transport;
    served.admin = std::move(admin.value());
    served.queue_numbers = std::make_shared<OwnQueueNumbers>(3, 1);
    served.limits.io_queue_pairs_max = 3;
    rpc::ServicePolicy policy;
    policy.administers = true;
    auto started = rpc::Server::start(std::move(served), folder / "nvm", {}, std::move(policy));
    REQUIRE(started.ok());
    server = std::move(started.value());
  }

  Folder folder;
  FileDrive drive;
  std::shared_ptr<Transport> transport;
  std::unique_ptr<rpc::Server> server;
};

TEST_CASE("a client of a drive reads its registers, and rings its doorbells at their stride") {
  DriveManager manager;
  auto opened = RpcTransport::open(manager.server->path(), 0);
  REQUIRE(opened.ok());
  Transport& client = *opened.value();
  CHECK_FALSE(client.capabilities().emulated);
  CHECK_FALSE(client.capabilities().wakes);
  CHECK(client.read_register32(spec::registers::vs) == 0x00010400);
  CHECK(client.read_register64(spec::registers::cap) ==
        manager.transport->read_register64(spec::registers::cap));
  const Doorbells doorbells = client.doorbells();
  CHECK(doorbells.uncached);
  CHECK(doorbells.sleeping == nullptr);
  REQUIRE(doorbells.stride_bytes == 16);
  doorbells.base[5 * doorbells.stride_bytes / 4] = 7;
  CHECK(manager.drive.fake.read_register32(0x1000 + 5 * 16) == 7);
  CHECK(client.manager()->queue_numbers->take(false).ok());
}

TEST_CASE("when the manager of a drive has gone, its clients ring no doorbell of it") {
  DriveManager manager;
  auto opened = RpcTransport::open(manager.server->path(), 0);
  REQUIRE(opened.ok());
  Transport& client = *opened.value();
  std::atomic<bool> lost = false;
  client.on_queues_lost([&](ErrorCode) { lost = true; });
  const Doorbells doorbells = client.doorbells();
  doorbells.base[5 * 4] = 7;
  manager.server->stop();
  REQUIRE(wait_until(thread_waiter(), kTimeoutNs, [&] { return lost.load(); }));
  doorbells.base[5 * 4] = 8;
  CHECK(manager.drive.fake.read_register32(0x1000 + 5 * 16) == 7);
  CHECK(client.read_register32(spec::registers::vs) == UINT32_MAX);
}

TEST_CASE("clients of a drive are told which namespaces have changed, but for their own changes") {
  DriveManager manager;
  auto first = RpcTransport::open(manager.server->path(), 0);
  auto second = RpcTransport::open(manager.server->path(), 0);
  REQUIRE(first.ok());
  REQUIRE(second.ok());
  const auto count = [](const Result<std::shared_ptr<Transport>>& client, uint32_t id) {
    return __atomic_load_n(&client.value()->namespace_changes().of_id[id], __ATOMIC_ACQUIRE);
  };
  const auto hears = [&](const auto& client, uint32_t id, uint32_t wanted) {
    return wait_until(thread_waiter(), kTimeoutNs, [&] { return count(client, id) == wanted; });
  };
  manager.transport->count_namespace_change(255 + 7);
  manager.server->notify();
  CHECK(hears(first, 7, 1));
  CHECK(hears(second, 7, 1));

  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::format_nvm;
  command.nsid = 3;
  auto& admin = *first.value()->manager()->admin;
  const auto sent = admin.send(command, kTimeoutNs, nullptr, 0);
  REQUIRE(sent != nullptr);
  CHECK(hears(second, 3, 1));
  // Notices are in order: what comes after what it might have been told of its own.
  manager.transport->count_namespace_change(kAllNamespaces);
  manager.server->notify();
  CHECK(hears(first, 4, 1));
  CHECK(hears(first, 254, 1));
  CHECK(count(first, 3) == 1);
  CHECK(hears(second, 3, 2));
}

TEST_CASE("memory that a queue lives in is unmapped only after the queue") {
  ScriptedService served;
  Scripted client(served);
  const uint64_t memory = client.map(2);
  const uint16_t id = client.create_pair(memory);
  const auto unmap = [&] {
    return rpc::parse_failure(client.call(spec::rpc_code::unmap, spec::RpcUnmap{memory}));
  };
  for (const uint8_t opcode : {spec::admin_opcode::delete_io_submission_queue,
                               spec::admin_opcode::delete_io_completion_queue}) {
    const Status refused = unmap();
    REQUIRE_FALSE(refused.ok());
    INFO("by the manager: a drive would not");
    CHECK(refused.failure().detail == "a queue or an admin command may still use it");
    CHECK(client.admin_status(Scripted::about_queue(opcode, id)) == 0);
  }
  CHECK(unmap().ok());
}

TEST_CASE("memory of queues that a reset took may be unmapped") {
  ScriptedService served;
  Scripted client(served);
  const uint64_t memory = client.map(2);
  client.create_pair(memory);
  REQUIRE(served.controller->reset(served.controller->epoch()).ok());
  CHECK(client.refusal(spec::rpc_code::unmap, spec::RpcUnmap{memory}) == ErrorCode{});
}

}  // namespace
}  // namespace nvm::test

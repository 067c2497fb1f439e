// SPDX-License-Identifier: MIT
// A controller that its manager has opened through vfio-user, and clients of that manager.
#include <dirent.h>

#include "rpc/scripted.h"
#include "rpc/sharing.h"
#include "transport/rpc_transport.h"
#include "vfio_user/served.h"

namespace nvm::test {
namespace {

using vfio_user::test::Served;

// The server, the manager that has opened it, and where that serves.
struct Shared {
  explicit Shared(vfio_user::Doorbells doorbells, bool shadows = true) : served(1, doorbells) {
    if (!shadows) {
      emulator::Fault fault;
      fault.action.status_field = spec::status::invalid_field;
      add_fault(fault, spec::admin_opcode::doorbell_buffer_config);
    }
    start();
  }
  // Its id.
  uint32_t add_fault(emulator::Fault fault, uint8_t admin_opcode) {
    fault.match.queues = emulator::FaultQueues::Admin;
    fault.match.opcode = admin_opcode;
    emulator::Runner::Pause pause(*served.runner);
    const auto added = pause.subsystem().faults().add(fault);
    REQUIRE(added.ok());
    return added.value();
  }
  uint64_t fault_hits(uint32_t id) {
    emulator::Runner::Pause pause(*served.runner);
    return pause.subsystem().faults().hits(id);
  }
  void start() {
    controller = open_controller(open_transport("vfio-user:" + served.folder.path()));
    auto started = rpc::Server::start(rpc::share(*controller).value(), folder / "nvm", {}, {});
    REQUIRE(started.ok());
    server = std::move(started.value());
  }
  // As its end does for clients and device: what it has is not given back, the connections end.
  void end_manager() {
    server.reset();
    REQUIRE(controller->close().ok());
    controller.reset();
  }
  std::shared_ptr<Controller> connect(uint64_t reconnect_ns = 0) {
    return open_controller(RpcTransport::open(folder / "nvm", reconnect_ns));
  }

  Folder folder;
  Served served;
  std::shared_ptr<Controller> controller;
  std::unique_ptr<rpc::Server> server;
};

bool writes_and_reads(Controller& client, QueuePair& pair, uint64_t lba, uint8_t value) {
  auto memory = client.allocate(4096);
  REQUIRE(memory.ok());
  std::byte* bytes = memory.value()->bytes();
  const uint64_t address = memory.value()->io_address(0);
  std::memset(bytes, value, 512);
  if (execute(client, pair, spec::nvm_opcode::write, lba, address) != 0) return false;
  std::memset(bytes, 0, 512);
  if (execute(client, pair, spec::nvm_opcode::read, lba, address) != 0) return false;
  return bytes[0] == std::byte{value} && bytes[511] == std::byte{value};
}

size_t open_files() {
  size_t count = 0;
  DIR* folder = opendir("/proc/self/fd");
  while (readdir(folder) != nullptr) count++;
  closedir(folder);
  return count;
}

constexpr vfio_user::Doorbells kBoth[] = {vfio_user::Doorbells::Trap, vfio_user::Doorbells::Poll};

TEST_CASE("clients and their manager have queues of their own, also under numbers of before") {
  for (const auto doorbells : kBoth) {
    CAPTURE(static_cast<int>(doorbells));
    Shared shared(doorbells);
    auto one = shared.connect();
    auto other = shared.connect();
    CHECK(one->transport().capabilities().emulated);
    CHECK(one->properties().cap == shared.controller->properties().cap);
    auto own = create_pair(*shared.controller, 3);
    for (uint8_t round = 1; round <= 3; round++) {
      auto first = create_pair(*one, 7);
      auto second = create_pair(*other, 7);
      CHECK(first->id() != second->id());
      for (uint8_t i = 0; i < 10; i++) {
        CHECK(writes_and_reads(*one, *first, 1, static_cast<uint8_t>(16 * round + i)));
        CHECK(writes_and_reads(*other, *second, 2, static_cast<uint8_t>(16 * round + i)));
        CHECK(writes_and_reads(*shared.controller, *own, 3, i));
      }
      CHECK(first->close().ok());
      CHECK(second->close().ok());
    }
    CHECK(one->close().ok());
    CHECK(other->close().ok());
  }
}

TEST_CASE("a client's memory is part of few regions, which come back when it leaves") {
  Shared shared(vfio_user::Doorbells::Poll);
  {
    auto first = shared.connect();
    INFO("what the manager needs to hear of events is there, and stays");
    REQUIRE(first->transport().manager()->events->watch().ok());
  }
  const size_t before = open_files();
  {
    auto client = shared.connect();
    std::vector<std::shared_ptr<DmaDescriptor>> held;
    for (int i = 0; i < 100; i++) held.push_back(client->allocate(8192).value());
    auto status = rpc::Client::connect(shared.folder / "nvm", true);
    REQUIRE(status.ok());
    auto reply = status.value()->call(rpc::make_message(spec::rpc_code::status, 0));
    REQUIRE(reply.ok());
    const auto told =
        rpc::parse_body<spec::RpcStatusClient>(reply.value(), sizeof(spec::RpcStatus));
    REQUIRE(told.has_value());
    CHECK(told->mappings == 1);
    CHECK(told->mapped_bytes == 16 << 20);
  }
  CHECK(wait_until(thread_waiter(), kTimeoutNs, [&] { return open_files() <= before; }));
}

TEST_CASE("a client hears at once that the device has ended, and that its manager knows") {
  for (const auto doorbells : kBoth) {
    Shared shared(doorbells);
    auto client = shared.connect();
    auto pair = create_pair(*client, 7);
    REQUIRE(writes_and_reads(*client, *pair, 1, 7));
    shared.served.server.reset();
    REQUIRE(wait_until(thread_waiter(), kTimeoutNs, [&] { return pair->lost(); }));
    CHECK(client->transport().read_register32(spec::registers::csts) == UINT32_MAX);
    const Status gone = client->transport().gone();
    CHECK(gone.failure().code == ErrorCode::ManagerGone);
    CHECK(gone.failure().detail.find("its device has gone") != std::string::npos);
    CHECK(client->transport().is_gone());
    INFO("and what it has is its own again");
    CHECK(pair->close().ok());
    CHECK(client->close().ok());
    CHECK(RpcTransport::open(shared.folder / "nvm", 0).status().failure().code == ErrorCode::Busy);
    CHECK(shared.controller->admin({}, kTimeoutNs).status().failure().code ==
          ErrorCode::ControllerGone);
    shared.server->stop();
    CHECK(shared.controller->close().ok());
  }
}

TEST_CASE("a manager that cannot hear what others change tries again while it has clients") {
  Shared shared(vfio_user::Doorbells::Poll);
  shared.end_manager();
  emulator::Fault fault;
  fault.action.status_field = spec::status::internal_error;
  fault.times = 6;  // one more than a watch asks at first
  const uint32_t id = shared.add_fault(fault, spec::admin_opcode::get_features);
  shared.start();
  auto client = shared.connect();
  const NamespaceChanges& changes = client->transport().namespace_changes();
  const auto count = [&] { return __atomic_load_n(&changes.of_id[2], __ATOMIC_ACQUIRE); };
  uint32_t before = count();
  INFO("of what changed in the meantime, too");
  change_namespaces(*shared.served.runner);
  REQUIRE(shared.fault_hits(id) < fault.times);
  CHECK(wait_until(thread_waiter(), kTimeoutNs, [&] { return count() != before; }));
  CHECK(shared.fault_hits(id) == fault.times);
  before = count();
  change_namespaces(*shared.served.runner);
  CHECK(wait_until(thread_waiter(), kTimeoutNs, [&] { return count() != before; }));
}

TEST_CASE("what a client rings is heard while it has as many admin commands as it may have") {
  Shared shared(vfio_user::Doorbells::Trap, false);
  emulator::Fault fault;
  fault.action.drop = true;
  shared.add_fault(fault, spec::admin_opcode::identify);
  auto client = shared.connect();
  auto pair = create_pair(*client, 7);
  auto memory = client->allocate(4096).value();
  spec::SubmissionQueueEntry identify{};
  identify.opc = spec::admin_opcode::identify;
  identify.cdw10 = spec::cns::identify_controller;
  identify.prp1 = memory->io_address(0);
  std::vector<std::unique_ptr<SentCommand>> sent;
  for (int i = 0; i < 8; i++) {
    sent.push_back(client->send_admin(identify, 60 * kTimeoutNs, memory));
    REQUIRE(sent.back() != nullptr);
  }
  for (uint8_t i = 0; i < 10; i++) {
    CHECK(execute(*client, *pair, spec::nvm_opcode::read, i, memory->io_address(0)) == 0);
  }
  for (const auto& each : sent) CHECK_FALSE(each->has_ended());
  REQUIRE(shared.controller->reset(shared.controller->epoch()).ok());
  sent.clear();
}

TEST_CASE("who rings when its manager has gone rings no doorbell of the next one's clients") {
  Shared shared(vfio_user::Doorbells::Poll);
  auto client = shared.connect();
  const Doorbells doorbells = client->transport().doorbells();
  const Doorbells real = shared.controller->transport().doorbells();
  doorbells.base[40] = 1;
  CHECK(real.base[40] == 1);
  std::atomic<bool> lost = false;
  client->transport().on_queues_lost([&](ErrorCode) { lost = true; });
  shared.server.reset();
  REQUIRE(wait_until(thread_waiter(), kTimeoutNs, [&] { return lost.load(); }));
  doorbells.base[40] = 2;
  CHECK(real.base[40] == 1);
}

TEST_CASE("a client goes on with the next manager, and uses nothing again before that is there") {
  for (const auto doorbells : kBoth) {
    Shared shared(doorbells);
    auto client = shared.connect(kTimeoutNs);
    auto pair = create_pair(*client, 7);
    REQUIRE(writes_and_reads(*client, *pair, 1, 7));
    auto given_back = client->allocate(4096).value();
    std::byte* const bytes = given_back->bytes();
    shared.end_manager();
    REQUIRE(wait_until(thread_waiter(), kTimeoutNs, [&] { return pair->lost(); }));
    given_back.reset();
    CHECK(client->allocate(4096).value()->bytes() != bytes);
    shared.start();
    REQUIRE(wait_until(thread_waiter(), kTimeoutNs,
                       [&] { return !client->transport().awaits_manager(); }));
    CHECK(client->allocate(4096).value()->bytes() == bytes);
    CHECK(pair->close().ok());
    pair = create_pair(*client, 7);
    CHECK(writes_and_reads(*client, *pair, 1, 8));
    CHECK(pair->close().ok());
    CHECK(client->close().ok());
  }
}

}  // namespace
}  // namespace nvm::test

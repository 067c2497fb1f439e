// SPDX-License-Identifier: MIT
// nvm_rpc.h: a manager that serves its controller, and clients, in one process; each client has
// a connection of its own.
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <string>

#include "capi/capi_host.h"
#include "capi/handles.h"
#include "capi/socket_folder.h"
#include "platform/clock.h"

namespace nvm::test {
namespace {

constexpr int kInvalidOpcode = -0x001;
constexpr int kInvalidQueueIdentifier = -0x101;

struct Serving {
  SocketFolder folder;
  std::string path = folder / "nvm";
  CapiHost manager;

  explicit Serving(nvm_rpc_filter filter = nullptr, void* arg = nullptr,
                   nvm_ctrl_t* ctrl = CapiHost::open(""))
      : manager(ctrl) {
    const int status = nvm_rpc_enable(manager.aq, path.c_str(), filter, arg);
    INFO(nvm_reason());
    REQUIRE(status == 0);
  }
};

struct Client : CapiHost {
  explicit Client(const Serving& serving) : CapiHost(open(serving.path.c_str()), nullptr) {
    REQUIRE(nvm_rpc_bind(&aq, ctrl, nullptr) == 0);
  }
};

bool reason_has(const char* words) {
  return std::string(nvm_reason()).find(words) != std::string::npos;
}

nvm_cmd_t make_command(uint8_t opcode, uint32_t dword10) {
  nvm_cmd_t cmd{};
  nvm_cmd_header(&cmd, 0, opcode, 0);
  cmd.dword[10] = dword10;
  return cmd;
}

int send(nvm_aq_ref aq, uint8_t opcode, uint32_t dword10 = 0) {
  nvm_cmd_t cmd = make_command(opcode, dword10);
  nvm_cpl_t cpl;
  return nvm_raw_rpc(aq, &cmd, &cpl);
}

// Writes block `lba` with `value` through one program, and reads it through the other.
void check_transfer(CapiQueues& writer, CapiQueues& reader, uint64_t lba, int value) {
  nvm_dma_t* from = writer.host.allocate(kPage);
  nvm_dma_t* to = reader.host.allocate(kPage);
  memset(from->vaddr, value, 512);
  CHECK(writer.transfer(NVM_IO_WRITE, 1, lba, 1, from) == 0);
  CHECK(reader.transfer(NVM_IO_READ, 1, lba, 1, to) == 0);
  CHECK(memcmp(from->vaddr, to->vaddr, 512) == 0);
  nvm_dma_unmap(from);
  nvm_dma_unmap(to);
}

TEST_CASE("a client asks the controller, and moves data through queues of its own") {
  Serving serving;
  Client client(serving);
  nvm_ctrl_info info;
  REQUIRE(nvm_admin_ctrl_info(client.aq, &info, client.identify_page(),
                              client.identify_address()) == 0);
  CHECK(std::string(info.model_no, 16) == "peernvm emulator");
  CHECK(info.max_entries == serving.manager.ctrl->max_entries);
  nvm_ns_info ns;
  REQUIRE(nvm_admin_ns_info(client.aq, &ns, 1, client.identify_page(), client.identify_address()) ==
          0);
  CHECK(ns.lba_data_size == 512);
  CHECK(nvm_ctrl_from_aq_ref(client.aq) == client.ctrl);

  CapiQueues owners(serving.manager, 1);
  CapiQueues clients(client, 2);
  for (int round = 0; round < 300; round++) {
    check_transfer(clients, owners, 7, round & 0xff);
    check_transfer(owners, clients, 8, ~round & 0xff);
  }
}

TEST_CASE("a client wakes a device that has parked") {
  Serving serving;
  Client client(serving);
  CapiQueues queues(client, 1);
  nvm_dma_t* data = client.allocate(kPage);
  const bool parks = queues.sq.sleeping != nullptr;
  REQUIRE(parks);
  for (int round = 0; round < 3; round++) {
    CHECK(wait_until(thread_waiter(), kTimeoutMs * kNanosecondsPerMillisecond,
                     [&] { return nvm_load_acquire(queues.sq.sleeping) != 0; }));
    CHECK(queues.transfer(NVM_IO_READ, 1, 0, 1, data) == 0);
  }
  nvm_dma_unmap(data);
}

TEST_CASE("nobody gets the id of somebody else's queue, and ids come back") {
  SocketFolder folder;
  const std::string path = folder / "nvm";
  CapiHost manager;
  CapiQueues before(manager, 1);
  REQUIRE(nvm_rpc_enable(manager.aq, path.c_str(), nullptr, nullptr) == 0);
  CapiHost client(path.c_str());
  CapiHost other(path.c_str());
  nvm_dma_t* memory = client.allocate(2 * kPage);
  nvm_dma_t* managers = manager.allocate(kPage);
  nvm_queue_t cq{};
  nvm_queue_t sq{};
  nvm_queue_t refused{};

  CHECK(nvm_admin_cq_create(client.aq, &refused, 1, memory->vaddr, memory->ioaddrs[0]) == EBUSY);
  CHECK(reason_has("queue 1"));
  REQUIRE(nvm_admin_cq_create(client.aq, &cq, 2, memory->vaddr, memory->ioaddrs[0]) == 0);
  CHECK(nvm_admin_cq_create(client.aq, &refused, 2, memory->vaddr, memory->ioaddrs[0]) == EPERM);
  CHECK(nvm_admin_cq_create(manager.aq, &refused, 2, managers->vaddr, managers->ioaddrs[0]) ==
        EBUSY);
  CHECK(nvm_admin_cq_create(other.aq, &refused, 2, other.identify_page(),
                            other.identify_address()) == EBUSY);

  INFO("while there is a submission queue of the id, it is taken");
  REQUIRE(nvm_admin_sq_create(client.aq, &sq, &cq, 3, NVM_DMA_OFFSET(memory, 1),
                              memory->ioaddrs[1]) == 0);
  CHECK(nvm_admin_cq_create(manager.aq, &refused, 3, managers->vaddr, managers->ioaddrs[0]) ==
        EBUSY);
  CHECK(nvm_admin_sq_delete(client.aq, &sq, &cq) == 0);
  CHECK(nvm_admin_cq_delete(client.aq, &cq) == 0);
  {
    CapiQueues after(manager, 3);
  }
  {
    CapiQueues after(other, 2);
  }

  INFO("one that was not created gives its id back");
  CHECK(nvm_admin_cq_create(client.aq, &refused, 4, managers->vaddr, managers->ioaddrs[0]) ==
        EPERM);
  CHECK(refused.no == 0);
  {
    CapiQueues after(manager, 4);
  }
  CHECK(nvm_admin_cq_create(client.aq, &refused, 60000, memory->vaddr, memory->ioaddrs[0]) ==
        EINVAL);
  CHECK(nvm_admin_cq_create(manager.aq, &refused, 500, managers->vaddr, managers->ioaddrs[0]) ==
        kInvalidQueueIdentifier);
  nvm_dma_unmap(memory);
  nvm_dma_unmap(managers);
}

TEST_CASE("a client that unbinds leaves no queue in memory that it then lets go of") {
  Serving serving;
  {
    Client client(serving);
    nvm_dma_t* memory = client.allocate(kPage);
    nvm_queue_t cq;
    nvm_queue_t sq;
    REQUIRE(nvm_admin_cq_create(client.aq, &cq, 5, memory->vaddr, memory->ioaddrs[0]) == 0);
    REQUIRE(nvm_admin_sq_create(client.aq, &sq, &cq, 4, client.identify_page(),
                                client.identify_address()) == 0);
    nvm_rpc_unbind(client.aq);
    client.aq = nullptr;
    nvm_dma_unmap(memory);
  }
  {
    CapiQueues after(serving.manager, 5);
  }
  {
    CapiQueues after(serving.manager, 4);
  }
}

struct Seen {
  nvm_rpc_client client{};
  std::atomic<int> commands{0};
};

// Notes who asks; turns Get Features of one feature into another; rejects Get Log Page.
bool look_at(nvm_cmd_t* cmd, const nvm_rpc_client* client, void* arg) {
  Seen& seen = *static_cast<Seen*>(arg);
  seen.client = *client;
  seen.commands++;
  const uint8_t opcode = cmd->dword[0] & 0xff;
  if (opcode == NVM_ADMIN_GET_FEATURES && cmd->dword[10] == spec::feature::arbitration) {
    cmd->dword[10] = spec::feature::number_of_queues;
  }
  return opcode != NVM_ADMIN_GET_LOG_PAGE;
}

TEST_CASE("a filter sees who sends what, may rewrite it, and may reject it") {
  Seen seen;
  Serving serving(look_at, &seen);
  Client first(serving);
  Client second(serving);
  CHECK(first.identify() == 0);
  CHECK(seen.client.id == 1);
  CHECK(second.identify() == 0);
  CHECK(seen.client.id == 2);
  CHECK(seen.client.pid == getpid());
  CHECK(seen.client.uid == geteuid());
  CHECK(seen.client.gid == getegid());
  CHECK(seen.commands == 2);

  nvm_cmd_t cmd = make_command(NVM_ADMIN_GET_FEATURES, spec::feature::arbitration);
  nvm_cpl_t cpl;
  REQUIRE(nvm_raw_rpc(first.aq, &cmd, &cpl) == 0);
  CHECK(cmd.dword[10] == spec::feature::number_of_queues);
  CHECK(cpl.dword[0] == (127u << 16 | 127u));

  CHECK(send(first.aq, NVM_ADMIN_GET_LOG_PAGE) == EPERM);
  CHECK(reason_has("filter"));
  CHECK(seen.commands == 4);
  INFO("the manager's own commands pass no filter");
  CHECK(send(serving.manager.aq, NVM_ADMIN_GET_LOG_PAGE) < 0);
  CHECK(seen.commands == 4);
}

TEST_CASE("without a filter clients change nothing for others; a filter may let them") {
  constexpr uint32_t kFeature = spec::feature::temperature_threshold;
  {
    Serving serving;
    Client client(serving);
    CHECK(send(client.aq, NVM_ADMIN_SET_FEATURES, kFeature) == EPERM);
    CHECK(send(client.aq, NVM_ADMIN_GET_FEATURES, kFeature) == 0);
  }
  Serving serving([](nvm_cmd_t*, const nvm_rpc_client*, void*) { return true; });
  Client client(serving);
  CHECK(send(client.aq, NVM_ADMIN_SET_FEATURES, kFeature) == 0);
  INFO("but never what is the manager's own");
  CHECK(send(client.aq, NVM_ADMIN_SET_FEATURES, spec::feature::number_of_queues) == EPERM);
}

TEST_CASE("a rejection, a timeout and a device's error are told apart") {
  CapiEmulator emulator({});
  Seen seen;
  Serving serving(look_at, &seen, emulator.open());
  Client client(serving);
  CHECK(send(client.aq, NVM_ADMIN_GET_LOG_PAGE) == EPERM);
  CHECK(send(client.aq, 0x7f) == kInvalidOpcode);

  nvm_fault fault{};
  fault.on = NVM_FAULT_ON_ADMIN | NVM_FAULT_ON_OPCODE;
  fault.opcode = NVM_ADMIN_IDENTIFY;
  fault.times = 1;
  fault.effects = NVM_FAULT_DELAY;
  fault.delay_ns = 300'000'000;
  const uint32_t slow = emulator.inject(fault);
  const uint64_t answered = emulator.stats().admin_commands;
  client.aq->timeout_ns = 20'000'000;
  CHECK(client.identify() == ETIME);
  CHECK(nvm_emulator_fault_hits(emulator.device, slow) == 1);
  CHECK(wait_until(thread_waiter(), kTimeoutMs * kNanosecondsPerMillisecond,
                   [&] { return emulator.stats().admin_commands > answered; }));
  INFO("the next command is not given the late answer");
  client.aq->timeout_ns = capi::kCommandTimeoutNsMin;
  nvm_cmd_t cmd = make_command(NVM_ADMIN_GET_FEATURES, spec::feature::number_of_queues);
  nvm_cpl_t cpl;
  REQUIRE(nvm_raw_rpc(client.aq, &cmd, &cpl) == 0);
  CHECK(cpl.dword[0] == (127u << 16 | 127u));
}

TEST_CASE("the number of queues is settled once a controller is served") {
  SocketFolder folder;
  const std::string path = folder / "nvm";
  CapiHost manager;
  uint16_t n_cqs = 3;
  uint16_t n_sqs = 3;
  REQUIRE(nvm_admin_request_num_queues(manager.aq, &n_cqs, &n_sqs) == 0);
  REQUIRE(nvm_rpc_enable(manager.aq, path.c_str(), nullptr, nullptr) == 0);
  CapiHost client(path.c_str());
  for (CapiHost* host : {&manager, &client}) {
    CHECK(nvm_admin_set_num_queues(host->aq, 100, 100) == 0);
    REQUIRE(nvm_admin_get_num_queues(host->aq, &n_cqs, &n_sqs) == 0);
    CHECK(n_cqs == 3);
    CHECK(n_sqs == 3);
    n_cqs = 100;
    n_sqs = 2;
    CHECK(nvm_admin_request_num_queues(host->aq, &n_cqs, &n_sqs) == 0);
    CHECK(n_cqs == 3);
    CHECK(n_sqs == 2);
    CHECK(nvm_admin_set_num_queues(host->aq, 0, 1) == EINVAL);
  }
  {
    CapiQueues last(client, 3);
  }
  nvm_queue_t queue{};
  CHECK(nvm_admin_cq_create(client.aq, &queue, 4, client.identify_page(),
                            client.identify_address()) == EINVAL);
}

TEST_CASE("a client may have as many queues as it is told, and no more") {
  Serving serving;
  Client client(serving);
  uint16_t n_cqs = 0;
  uint16_t n_sqs = 0;
  REQUIRE(nvm_admin_get_num_queues(client.aq, &n_cqs, &n_sqs) == 0);
  CHECK(n_cqs == 16);
  nvm_dma_t* memory = client.allocate((n_cqs + 1u) * kPage);
  nvm_queue_t queues[17] = {};
  for (uint16_t i = 0; i < n_cqs; i++) {
    REQUIRE(nvm_admin_cq_create(client.aq, &queues[i], static_cast<uint16_t>(20 + i),
                                NVM_DMA_OFFSET(memory, i), memory->ioaddrs[i]) == 0);
  }
  CHECK(nvm_admin_cq_create(client.aq, &queues[16], 1, NVM_DMA_OFFSET(memory, 16),
                            memory->ioaddrs[16]) == ENOSPC);
  for (uint16_t i = 0; i < n_cqs; i++) CHECK(nvm_admin_cq_delete(client.aq, &queues[i]) == 0);
  nvm_dma_unmap(memory);
}

TEST_CASE("only what was opened at the manager's socket can be bound") {
  Serving serving;
  nvm_aq_ref aq = nullptr;
  CapiHost opened("");
  CHECK(nvm_rpc_bind(&aq, opened.ctrl, serving.path.c_str()) == ENOTSUP);
  CHECK(aq == nullptr);
  CHECK(reason_has("nvm_ctrl_open"));

  CapiHost client(CapiHost::open(("rpc:" + serving.path).c_str()), nullptr);
  CHECK(nvm_rpc_bind(&aq, client.ctrl, "/elsewhere") == EINVAL);
  CHECK(reason_has("/elsewhere"));
  const std::string again = serving.folder / "./nvm";
  REQUIRE(nvm_rpc_bind(&client.aq, client.ctrl, again.c_str()) == 0);
  CHECK(client.identify() == 0);

  INFO("a client does not reset what others use, nor serve it");
  CHECK(nvm_raw_ctrl_reset(client.ctrl, 0, 0) == EPERM);
  CHECK(nvm_rpc_enable(client.aq, (serving.folder / "second").c_str(), nullptr, nullptr) == EPERM);
  nvm_ctrl_t* nobodys = nullptr;
  CHECK(nvm_ctrl_open(&nobodys, "rpc:/nowhere/nvm") == ENODEV);
}

TEST_CASE("nvm_aq_create on a served controller binds, and resets nothing") {
  Serving serving;
  CapiQueues owners(serving.manager, 1);
  CapiHost client(serving.path.c_str());
  CapiQueues clients(client, 2);
  check_transfer(owners, clients, 3, 0x33);
}

TEST_CASE("a client's memory is what nvm_dma_create gave") {
  Serving serving;
  Client client(serving);
  alignas(4096) static std::byte page[kPage];
  nvm_dma_t* map = nullptr;
  CHECK(nvm_dma_map_host(&map, client.ctrl, page, sizeof(page)) == ENOTSUP);
  CHECK(reason_has("memory"));
  CHECK(map == nullptr);
}

TEST_CASE("what cannot be served is refused with a reason") {
  Serving serving;
  CHECK(nvm_rpc_enable(serving.manager.aq, serving.path.c_str(), nullptr, nullptr) == EBUSY);
  CHECK(nvm_rpc_enable(serving.manager.aq, nullptr, nullptr, nullptr) == EINVAL);
  CHECK(nvm_rpc_enable(serving.manager.aq, "/nowhere/nvm", nullptr, nullptr) != 0);
  CHECK(reason_has("/nowhere"));
}

TEST_CASE("a controller is served at each of several paths until that one is disabled") {
  Serving serving;
  const std::string second = serving.folder / "second";
  REQUIRE(nvm_rpc_enable(serving.manager.aq, second.c_str(), nullptr, nullptr) == 0);
  Client staying(serving);
  CapiHost leaving(second.c_str());
  CHECK(leaving.identify() == 0);
  nvm_rpc_disable(serving.manager.aq, "/elsewhere");
  CHECK(leaving.identify() == 0);
  nvm_rpc_disable(serving.manager.aq, second.c_str());
  CHECK(leaving.identify() == EPIPE);
  CHECK_FALSE(std::filesystem::exists(second));
  nvm_aq_ref aq = nullptr;
  CHECK(nvm_rpc_bind(&aq, leaving.ctrl, nullptr) == EPIPE);
  CHECK(staying.identify() == 0);
  nvm_rpc_disable(serving.manager.aq, nullptr);
  CHECK(staying.identify() == EPIPE);
  CHECK_FALSE(std::filesystem::exists(serving.path));
  CHECK(serving.manager.identify() == 0);
  INFO("it may be served again");
  REQUIRE(nvm_rpc_enable(serving.manager.aq, serving.path.c_str(), nullptr, nullptr) == 0);
  CHECK(Client(serving).identify() == 0);
}

TEST_CASE("destroying the admin queues ends serving") {
  SocketFolder folder;
  const std::string path = folder / "nvm";
  auto manager = std::make_unique<CapiHost>("");
  REQUIRE(nvm_rpc_enable(manager->aq, path.c_str(), nullptr, nullptr) == 0);
  CapiHost client(path.c_str());
  manager.reset();
  CHECK(client.identify() == EPIPE);
  CHECK_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace nvm::test

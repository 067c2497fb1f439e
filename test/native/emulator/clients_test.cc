// SPDX-License-Identifier: MIT
// Several hosts at one controller: each reaches its own memory and rings its own doorbells.
#include <fcntl.h>
#include <sys/mman.h>

#include "emulator/saved_state.h"
#include "emulator/statistics.h"
#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kClientAddress = 0x100000000;
constexpr uint64_t kClientBytes = 1 << 20;

// The owner of the controller with a queue pair of its own, and a client with memory elsewhere.
class Sharing : public TestHost {
 public:
  explicit Sharing(std::optional<CommandPolicy> policy = {}) : store(add_namespace(1 << 20)) {
    enable();
    queue = create_pair(1, 8);
    client = controller.add_client(std::move(policy));
    REQUIRE(client != nullptr);
    REQUIRE(client->domain.add({kClientAddress, kClientBytes, memory.get(), false, true}));
  }

  std::byte* client_at(uint64_t address) { return memory.get() + (address - kClientAddress); }

  uint16_t create(uint8_t opcode, uint16_t id, uint64_t address, uint32_t low_word) {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = opcode;
    sqe.cid = 77;
    sqe.prp1 = address;
    sqe.cdw10 = id | (8u - 1) << 16;
    sqe.cdw11 = low_word;
    return status_of(execute_admin(sqe));
  }
  uint16_t create_client_cq(uint16_t id, uint64_t address = kClientAddress) {
    return create(spec::admin_opcode::create_io_completion_queue, id, address, 1);
  }
  uint16_t create_client_sq(uint16_t id, uint16_t cq_id, uint64_t address = kClientAddress + 4096) {
    return create(spec::admin_opcode::create_io_submission_queue, id, address,
                  1 | uint32_t{cq_id} << 16);
  }
  void create_client_pair(uint16_t id) {
    controller.assign_queue(id, client);
    REQUIRE(create_client_cq(id) == 0);
    REQUIRE(create_client_sq(id, id) == 0);
  }

  // Through the page that the client maps.
  void client_ring(uint32_t index, uint32_t value) {
    void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, client->doorbell_fd(), 0);
    REQUIRE(page != MAP_FAILED);
    std::atomic_ref<uint32_t>(static_cast<uint32_t*>(page)[index]).store(value);
    munmap(page, 4096);
  }
  // Executes one command on the client's queue `id`, the first there.
  uint16_t client_execute(uint16_t id, const spec::SubmissionQueueEntry& sqe) {
    memcpy(client_at(kClientAddress + 4096), &sqe, sizeof(sqe));
    client_ring(2u * id, 1);
    step_all();
    spec::CompletionQueueEntry entry;
    memcpy(&entry, client_at(kClientAddress), sizeof(entry));
    REQUIRE((entry.status & 1) == 1);
    return status_of(entry);
  }

  ScriptedStore& store;
  HostQueue queue;
  ClientHost* client = nullptr;

 private:
  std::unique_ptr<std::byte[]> memory = std::make_unique<std::byte[]>(kClientBytes);
};

constexpr uint64_t kData = kClientAddress + 0x4000;

TEST_CASE("a client's commands move data of its own memory") {
  Sharing host;
  host.create_client_pair(2);
  memset(host.client_at(kData), 0x5a, 512);
  CHECK(host.client_execute(2, TestHost::data_command(spec::nvm_opcode::write, 1, 3, 1, kData)) ==
        0);
  CHECK(host.store.memory[3 * 512] == std::byte{0x5a});
  CHECK(host.client->commands == 1);
}

TEST_CASE("a host is busy when commands of it were fetched since the last look") {
  Sharing host;
  host.create_client_pair(2);
  const auto read_once = [&] {
    REQUIRE(host.client_execute(
                2, TestHost::data_command(spec::nvm_opcode::read, 1, 0, 1, kData)) == 0);
  };
  host.controller.count_busy_hosts();  // the owner made the queues
  CHECK(host.controller.count_busy_hosts() == 0);
  read_once();
  CHECK(host.controller.count_busy_hosts() == 1);
  CHECK(host.controller.count_busy_hosts() == 0);
  const uint64_t page = host.allocate(4096);
  REQUIRE(TestHost::status_of(host.execute(
              host.queue, TestHost::data_command(spec::nvm_opcode::read, 1, 0, 1, page))) == 0);
  CHECK(host.controller.count_busy_hosts() == 1);
}

TEST_CASE("another host's addresses are errors, in both directions, and harm nobody else") {
  Sharing host;
  host.create_client_pair(2);
  const uint64_t owners = host.allocate(4096);
  CHECK(host.client_execute(2, TestHost::data_command(spec::nvm_opcode::read, 1, 0, 1, owners)) ==
        spec::status::data_transfer_error);
  CHECK(TestHost::status_of(host.execute(
            host.queue, TestHost::data_command(spec::nvm_opcode::read, 2, 0, 1, kData))) ==
        spec::status::data_transfer_error);
  CHECK(TestHost::status_of(host.execute(
            host.queue, TestHost::data_command(spec::nvm_opcode::read, 3, 0, 1, owners))) == 0);
}

TEST_CASE("queues of a client lie in its own memory") {
  Sharing host;
  host.controller.assign_queue(2, host.client);
  CHECK(host.create_client_cq(2, host.allocate(4096)) == spec::status::data_transfer_error);
  CHECK(host.create_client_cq(2) == 0);
  CHECK(host.create_client_sq(2, 2, host.allocate(4096)) == spec::status::data_transfer_error);
}

TEST_CASE("a submission queue completes to no other host's completion queue") {
  Sharing host;
  host.controller.assign_queue(2, host.client);
  CHECK(host.create_client_sq(2, 1) == spec::status::completion_queue_invalid);
}

TEST_CASE("garbage in every word that a client can write concerns its own queues only") {
  Sharing host;
  host.create_client_pair(2);
  for (uint32_t index = 0; index < kDoorbellCount; index++) {
    host.client_ring(index, 0xdeadbeef);
  }
  host.step_all();
  const uint64_t page = host.allocate(4096);
  CHECK(TestHost::status_of(host.execute(
            host.queue, TestHost::data_command(spec::nvm_opcode::read, 1, 0, 1, page))) == 0);
  CHECK(host.read32(spec::registers::csts) == 1);
}

TEST_CASE("doorbells of a client are no registers of the owner") {
  Sharing host;
  host.create_client_pair(2);
  host.write32(kDoorbellOffset + 4 * 2 * 2, 1);
  CHECK(host.client->doorbells[4] == 0);
  CHECK(host.controller.statistics().invalid_doorbells == 1);
}

TEST_CASE("an admin command's pointers name memory of the client that it was assigned to") {
  Sharing host;
  spec::SubmissionQueueEntry identify{};
  identify.opc = spec::admin_opcode::identify;
  identify.cid = 5;
  identify.cdw10 = spec::cns::identify_controller;
  identify.prp1 = kData;
  CHECK(TestHost::status_of(host.execute_admin(identify)) == spec::status::data_transfer_error);
  host.controller.assign_admin_command(5, *host.client);
  CHECK(TestHost::status_of(host.execute_admin(identify)) == 0);
  CHECK(host.client_at(kData)[0] != std::byte{0});
  INFO("once only");
  CHECK(TestHost::status_of(host.execute_admin(identify)) == spec::status::data_transfer_error);
}

TEST_CASE("a policy refuses opcodes and namespaces, of the client that it is for") {
  CommandPolicy policy;
  policy.opcodes.reset(spec::nvm_opcode::write);
  policy.namespaces = {1};
  Sharing host(policy);
  host.create_client_pair(2);
  CHECK(host.client_execute(2, TestHost::data_command(spec::nvm_opcode::write, 1, 0, 1, kData)) ==
        spec::status::operation_denied);
  const uint64_t page = host.allocate(4096);
  CHECK(TestHost::status_of(host.execute(
            host.queue, TestHost::data_command(spec::nvm_opcode::write, 1, 0, 1, page))) == 0);
}

TEST_CASE("a policy admits its namespaces, and no broadcast") {
  CommandPolicy policy;
  policy.namespaces = {2};
  Sharing host(policy);
  auto command = TestHost::data_command(spec::nvm_opcode::flush, 1, 0, 1, kData);
  host.create_client_pair(2);
  CHECK(host.client_execute(2, command) == spec::status::operation_denied);
  CHECK_FALSE(policy.allows(command));
  command.nsid = 0xffffffff;
  CHECK_FALSE(policy.allows(command));
  command.nsid = 2;
  CHECK(policy.allows(command));
}

TEST_CASE("a client goes when its queues have gone, and its ids are the owner's again") {
  Sharing host;
  host.create_client_pair(2);
  CHECK_FALSE(host.controller.remove_client(*host.client));
  CHECK(host.delete_queue(spec::admin_opcode::delete_io_submission_queue, 2) == 0);
  CHECK_FALSE(host.controller.remove_client(*host.client));
  CHECK(host.delete_queue(spec::admin_opcode::delete_io_completion_queue, 2) == 0);
  CHECK(host.controller.remove_client(*host.client));
  HostQueue second = host.create_pair(2, 8);
  const uint64_t page = host.allocate(4096);
  CHECK(TestHost::status_of(host.execute(
            second, TestHost::data_command(spec::nvm_opcode::read, 1, 0, 1, page))) == 0);
}

TEST_CASE("a reset ends the queues of all hosts, and clients stay") {
  Sharing host;
  host.create_client_pair(2);
  host.controller.reset();
  CHECK_FALSE(host.controller.uses(kClientAddress, 4096));
  host.enable();
  REQUIRE(host.create_client_cq(2) == 0);
  REQUIRE(host.create_client_sq(2, 2) == 0);
  CHECK(host.client_execute(2, TestHost::data_command(spec::nvm_opcode::read, 1, 0, 1, kData)) ==
        0);
}

TEST_CASE("the BAR's file can be read in other processes, not written") {
  TestHost host;
  const int fd = host.controller.bar_fd();
  REQUIRE(fd >= 0);
  void* page = mmap(nullptr, kBarByteLength, PROT_READ, MAP_SHARED, fd, 0);
  REQUIRE(page != MAP_FAILED);
  CHECK(*static_cast<uint64_t*>(page) == host.controller.read_register(spec::registers::cap, 8));
  munmap(page, kBarByteLength);
  CHECK(mmap(nullptr, kBarByteLength, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const UniqueFd again(open(path.c_str(), O_RDWR | O_CLOEXEC));
  CHECK(mmap(nullptr, kBarByteLength, PROT_READ | PROT_WRITE, MAP_SHARED, again.get(), 0) ==
        MAP_FAILED);
  CHECK(pwrite(fd, "x", 1, 0) < 0);
}

TEST_CASE("a device that clients share is not saved: their memory lies elsewhere") {
  Sharing host;
  CHECK_FALSE(save_controllers(host.subsystem).ok());
}

}  // namespace
}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// What a client is given of a controller that its manager has opened through vfio-user.
#include <sys/mman.h>

#include <algorithm>

#include "platform/sealed_memory.h"
#include "transport/driven.h"
#include "transport/scripted_vfio_user_server.h"
#include "transport/vfio_user_transport.h"

using namespace nvm;
using namespace nvm::test;

namespace {

constexpr size_t kPage = 4096;

// Memory of a client, as its manager has it mapped.
struct ClientsMemory {
  explicit ClientsMemory(size_t pages)
      : file(make_sealed_memory("client", pages * kPage)), byte_length(pages * kPage) {
    bytes = mmap(nullptr, byte_length, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    REQUIRE(bytes != MAP_FAILED);
    buffer = Buffer::wrap(bytes, byte_length, file.get(), 0);
  }
  ~ClientsMemory() { munmap(bytes, byte_length); }

  UniqueFd file;
  size_t byte_length;
  void* bytes;
  std::shared_ptr<Buffer> buffer;
};

// A part of BAR0 as a client maps it.
struct Mapped {
  Mapped(int fd, uint64_t offset, int protection) {
    bytes = mmap(nullptr, kPage, protection, MAP_SHARED, fd, static_cast<off_t>(offset));
    REQUIRE(bytes != MAP_FAILED);
  }
  ~Mapped() { munmap(bytes, kPage); }
  std::atomic_ref<uint32_t> at(uint32_t offset) const {
    return std::atomic_ref<uint32_t>(static_cast<uint32_t*>(bytes)[offset / sizeof(uint32_t)]);
  }
  void* bytes;
};

// A server whose CSTS the test sets, and which notes what is rung.
struct Device {
  explicit Device(bool maps_doorbells, const char* capabilities = nullptr) {
    server.maps_doorbells = maps_doorbells;
    if (capabilities != nullptr) server.capabilities = capabilities;
    server.answers[CommandCode::RegionRead] = [this](const Header& header, const Bytes& payload) {
      vfio_user::RegionAccessBody access;
      std::memcpy(&access, payload.data(), sizeof access);
      if (access.region != 0 || access.offset != spec::registers::csts) {
        return server.usual_answer(header, payload);
      }
      reads++;
      return ScriptedServer::reply(header, join(access, csts.load()));
    };
    server.answers[CommandCode::RegionWrite] = [this](const Header& header, const Bytes& payload) {
      vfio_user::RegionAccessBody access;
      std::memcpy(&access, payload.data(), sizeof access);
      if (access.region == 0 && access.offset >= kPage) {
        uint32_t value;
        std::memcpy(&value, payload.data() + sizeof access, sizeof value);
        rung = access.offset << 32 | value;
      }
      return server.usual_answer(header, payload);
    };
    server.start();
    auto opened = open_vfio_user_transport(server.path());
    REQUIRE(opened.ok());
    transport = std::move(opened.value());
  }
  std::unique_ptr<ClientPort> port() {
    auto opened = transport->open_port({});
    REQUIRE(opened.ok());
    return std::move(opened.value());
  }

  std::atomic<uint32_t> csts{1};
  std::atomic<uint32_t> reads{0};
  std::atomic<uint64_t> rung{0};
  ScriptedServer server;
  std::shared_ptr<Transport> transport;
};

template <class Condition>
bool soon(Condition condition) {
  return wait_until(thread_waiter(), kPatienceNs, condition);
}

TEST_CASE("a client sees a failure of the device that nobody else has looked for") {
  Device device(true);
  auto port = device.port();
  const BarShare share = port->bar();
  const Mapped registers(share.bar_fd, share.bar_offset, PROT_READ);
  CHECK(registers.at(spec::registers::vs) == 0x00010400);
  CHECK(registers.at(spec::registers::cap) == static_cast<uint32_t>(device.server.cap));
  CHECK(registers.at(spec::registers::csts) == 1);
  device.csts = 3;
  CHECK(soon([&] { return registers.at(spec::registers::csts) == 3; }));

  SUBCASE("the manager's own look is seen at once, and what it sets") {
    device.csts = 5;
    device.transport->read_register32(spec::registers::csts);
    CHECK(registers.at(spec::registers::csts) == 5);
    device.transport->write_register32(spec::registers::cc, 0x460001);
    CHECK(registers.at(spec::registers::cc) == 0x460001);
  }
  SUBCASE("once there is no client, nobody looks any more") {
    CHECK(port->release());
    usleep(20'000);  // for one that was under way
    const uint32_t reads = device.reads;
    usleep(300'000);
    CHECK(device.reads == reads);
  }
  SUBCASE("of a server that ends, clients see all ones") {
    device.server.hang_up();
    CHECK(soon([&] { return registers.at(spec::registers::csts) == UINT32_MAX; }));
    CHECK(registers.at(spec::registers::vs) == UINT32_MAX);
    CHECK(soon([&] { return device.transport->is_gone(); }));
    CHECK_FALSE(device.transport->open_port({}).ok());
  }
}

TEST_CASE("a client rings in the server's page, without its manager") {
  Device device(true);
  const BarShare share = device.port()->bar();
  CHECK(share.sleeping_offset == 0);
  const Mapped doorbells(share.doorbell_fd, share.doorbell_offset, PROT_READ | PROT_WRITE);
  doorbells.at(0x18) = 77;
  CHECK(static_cast<uint32_t>(device.transport->doorbells().base[0x18 / 4]) == 77);
}

TEST_CASE("a client rings in a page that has nothing else, of which its manager tells the server") {
  Device device(false);
  auto port = device.port();
  const BarShare share = port->bar();
  CHECK(share.sleeping_offset != 0);
  CHECK(Mapped(share.bar_fd, 0, PROT_READ).at(share.sleeping_offset) != 0);
  REQUIRE(sealed_byte_length(share.doorbell_fd) == 2 * kPage);
  auto own = device.transport->allocate(kPage).value();
  CHECK(own->fd() != share.doorbell_fd);
  const Mapped doorbells(share.doorbell_fd, share.doorbell_offset, PROT_READ | PROT_WRITE);
  device.transport->clear_doorbell(3, false);
  doorbells.at(6 * 4) = 5;
  device.transport->ring_wake();
  CHECK(soon([&] { return device.rung == ((uint64_t{0x1000 + 6 * 4} << 32) | 5); }));
}

TEST_CASE("clients' memory is where they want it, or where no manager before had any") {
  Device device(true);
  auto port = device.port();
  ClientsMemory first(2), second(2);
  auto mapping = port->map(*first.buffer, 0);
  REQUIRE(mapping.ok());
  REQUIRE(mapping.value().runs.size() == 1);
  const uint64_t address = mapping.value().runs[0].io_address;
  CHECK(address >= 1ull << 45);
  CHECK(mapping.value().runs[0].byte_length == 2 * kPage);
  CHECK(port->map(*second.buffer, address + kPage).status().failure().code == ErrorCode::Busy);
  auto wanted = port->map(*second.buffer, address + 2 * kPage);
  REQUIRE(wanted.ok());
  CHECK(wanted.value().runs[0].io_address == address + 2 * kPage);
  CHECK(device.server.dma_regions() == 2);
  CHECK(port->unmap(mapping.value()).ok());
  CHECK(port->map(*first.buffer, address).ok());
}

TEST_CASE("the regions that a server takes are everybody's together") {
  Device device(
      true, R"({"capabilities":{"max_msg_fds":8,"max_data_xfer_size":131072,"max_dma_maps":3}})");
  auto own = device.transport->allocate(kPage);
  REQUIRE(own.ok());
  auto one = device.port(), other = device.port();
  ClientsMemory memory(1);
  auto mapping = one->map(*memory.buffer, 0);
  REQUIRE(mapping.ok());
  REQUIRE(other->map(*memory.buffer, 0).ok());
  auto refused = other->map(*memory.buffer, 0);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().failure().code == ErrorCode::Memory);
  CHECK(refused.status().failure().detail.find("takes 3 regions of memory, for all processes") !=
        std::string::npos);
  REQUIRE(one->unmap(mapping.value()).ok());
  CHECK(other->map(*memory.buffer, 0).ok());
}

TEST_CASE("a server that refuses a region that it had not said it would is told of, too") {
  Device device(true);
  device.server.dma_regions_max = 1;
  auto port = device.port();
  ClientsMemory memory(1);
  REQUIRE(port->map(*memory.buffer, 0).ok());
  auto refused = port->map(*memory.buffer, 0);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().failure().code == ErrorCode::Memory);
  CHECK(refused.status().failure().os_error == ENOSPC);
}

TEST_CASE("who waits for a next server himself does not share, and no policy is promised") {
  Driven waiting(vfio_user::Doorbells::Trap, kPatienceNs);
  auto refused = waiting.controller->transport().open_port({});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().failure().code == ErrorCode::Unsupported);
  CHECK(refused.status().failure().detail.find("without `reconnect`") != std::string::npos);
  Device device(true);
  for (const SharingPolicy& policy :
       {SharingPolicy{reading_opcodes(), {}}, SharingPolicy{.namespaces = {1}}}) {
    CHECK(device.transport->open_port(policy).status().failure().code == ErrorCode::Unsupported);
  }
}

}  // namespace

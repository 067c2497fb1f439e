// SPDX-License-Identifier: MIT
// A client's part of a PCI device, on a device made of files.
#include "transport/direct_port.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "platform/unique_fd.h"
#include "transport/fake_pagemap.h"
#include "transport/fake_pci_device.h"
#include "transport/sysfs_transport.h"

using namespace nvm;
using nvm::test::FakePagemap;
using nvm::test::FakePciDevice;

namespace {

constexpr uint64_t kPage = FakePagemap::kPage;

struct Opened {
  Opened() {
    auto opened = open_sysfs_transport(fake.device().value(), pagemap.path());
    REQUIRE(opened.ok());
    transport = std::move(opened.value());
  }
  std::unique_ptr<ClientPort> port() {
    auto opened = transport->open_port({});
    REQUIRE(opened.ok());
    return std::move(opened.value());
  }

  FakePciDevice fake;
  FakePagemap pagemap;
  std::unique_ptr<Transport> transport;
};

// Memory as a client gives it: of which we have a mapping, and no more.
struct ClientsMemory {
  explicit ClientsMemory(size_t pages) : byte_length(pages * kPage) {
    bytes = mmap(nullptr, byte_length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(bytes != MAP_FAILED);
    buffer = Buffer::wrap(bytes, byte_length);
  }
  ~ClientsMemory() { munmap(bytes, byte_length); }

  size_t byte_length;
  void* bytes;
  std::shared_ptr<Buffer> buffer;
};

}  // namespace

TEST_CASE("a client maps the registers, and rings the doorbells, through the file of the BAR") {
  Opened opened;
  auto port = opened.port();
  const BarShare share = port->bar();
  CHECK(share.bar_byte_length == FakePciDevice::kBarByteLength);
  CHECK(share.doorbell_byte_length == FakePciDevice::kBarByteLength - 0x1000);
  CHECK(share.sleeping_offset == 0);
  void* doorbells = mmap(nullptr, share.doorbell_byte_length, PROT_READ | PROT_WRITE, MAP_SHARED,
                         share.doorbell_fd, static_cast<off_t>(share.doorbell_offset));
  REQUIRE(doorbells != MAP_FAILED);
  static_cast<volatile uint32_t*>(doorbells)[3 * 16 / 4] = 77;
  CHECK(opened.fake.read_register32(0x1000 + 3 * 16) == 77);
  munmap(doorbells, share.doorbell_byte_length);
  void* registers = mmap(nullptr, share.bar_byte_length, PROT_READ, MAP_SHARED, share.bar_fd,
                         static_cast<off_t>(share.bar_offset));
  REQUIRE(registers != MAP_FAILED);
  CHECK(static_cast<volatile uint32_t*>(registers)[2] == 0x00010400);
  munmap(registers, share.bar_byte_length);
}

TEST_CASE("of a large BAR a client gets the doorbells that queues can have, and no more") {
  FakePciDevice fake;
  fake.write_register32(0x04, 0);  // CAP.DSTRD: 4 bytes
  fake.write_register32(4 << 20, 0);
  fake.write("resource0", fake.read("resource0").substr(0, 4 << 20));
  auto transport = open_sysfs_transport(fake.device().value());
  REQUIRE(transport.ok());
  auto port = transport.value()->open_port({});
  REQUIRE(port.ok());
  CHECK(port.value()->bar().doorbell_byte_length == 65536 * 2 * 4);
  CHECK(port.value()->bar().bar_byte_length == 0x1000 + 65536 * 2 * 4);
}

TEST_CASE("a policy that only the device could keep is refused") {
  Opened opened;
  for (const SharingPolicy& policy :
       {SharingPolicy{reading_opcodes(), {}}, SharingPolicy{.namespaces = {1}},
        SharingPolicy{reading_opcodes(), {1}}}) {
    auto refused = opened.transport->open_port(policy);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.status().failure().code == ErrorCode::Unsupported);
    CHECK(refused.status().failure().detail.find("0000:05:00.0") != std::string::npos);
  }
}

TEST_CASE("a client's memory is locked by the manager, and has physical runs") {
  Opened opened;
  auto port = opened.port();
  ClientsMemory memory(3);
  const uint64_t frames[] = {0x100, 0x101, 0x7};
  for (size_t page = 0; page < 3; page++) opened.pagemap.place(*memory.buffer, page, frames[page]);
  INFO("which the manager's own foreign memory must be before");
  CHECK(opened.transport->map(*memory.buffer).status().failure().code == ErrorCode::Memlock);
  auto mapping = port->map(*memory.buffer, 0);
  REQUIRE(mapping.ok());
  REQUIRE(mapping.value().runs.size() == 2);
  CHECK(mapping.value().runs[0].io_address == 0x100 * kPage);
  CHECK(mapping.value().runs[1].byte_length == kPage);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(opened.transport->map(*memory.buffer).ok());
#endif
  CHECK(port->unmap(mapping.value()).ok());
  CHECK(port->release());
  CHECK(port->io_commands() == UINT64_MAX);
}

TEST_CASE("memory that a client wants where it was is there as a whole, or refused") {
  Opened opened;
  auto port = opened.port();
  ClientsMemory memory(2);
  opened.pagemap.place(*memory.buffer, 0, 0x100);
  opened.pagemap.place(*memory.buffer, 1, 0x101);
  CHECK(port->map(*memory.buffer, 0x100 * kPage).ok());
  CHECK(port->map(*memory.buffer, 0x101 * kPage).status().failure().code == ErrorCode::Busy);
  opened.pagemap.place(*memory.buffer, 1, 0x200);
  CHECK(port->map(*memory.buffer, 0x100 * kPage).status().failure().code == ErrorCode::Busy);
}

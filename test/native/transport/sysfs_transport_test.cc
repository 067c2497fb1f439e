// SPDX-License-Identifier: MIT
// The sysfs transport on a device made of files: what it refuses, what it switches on, where
// registers, doorbells and memory end up.
#include "transport/sysfs_transport.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory/buffer.h"
#include "transport/fake_pagemap.h"
#include "transport/fake_pci_device.h"
#include "transport/vfio_transport.h"

using namespace nvm;
using nvm::test::FakePagemap;
using nvm::test::FakePciDevice;

namespace {

constexpr uint64_t kPage = FakePagemap::kPage;
constexpr uint16_t kMemory = 2, kBusMaster = 4, kIntxDisable = 0x400;

// Not mlock(): the sanitizers turn that into nothing.
void lock_in_memory(void* bytes, size_t byte_length) {
  REQUIRE(syscall(SYS_mlock, bytes, byte_length) == 0);
}

const Failure& failure_of(Result<std::unique_ptr<Transport>>& result) {
  REQUIRE_FALSE(result.ok());
  return result.status().failure();
}

}  // namespace

TEST_CASE("a device with a driver is refused, by name") {
  FakePciDevice fake;
  fake.bind_driver("nvme");
  auto refused = open_sysfs_transport(fake.device().value());
  CHECK(failure_of(refused).code == ErrorCode::Driver);
  CHECK(failure_of(refused).detail == "0000:05:00.0 is bound to the kernel driver nvme");
  CHECK(fake.pci_command() == 0);
}

TEST_CASE("a device behind a translating IOMMU is refused, unless it passes addresses through") {
  for (const char* type : {"DMA", "DMA-FQ", "blocked", "auto", ""}) {
    CAPTURE(type);
    FakePciDevice fake;
    fake.join_iommu_group("3", type);
    auto refused = open_sysfs_transport(fake.device().value());
    CHECK(failure_of(refused).code == ErrorCode::Iommu);
    CHECK(failure_of(refused).detail.find("IOMMU group 3") != std::string::npos);
    CHECK(fake.pci_command() == 0);
  }
  FakePciDevice fake;
  fake.join_iommu_group("3", "identity");
  CHECK(open_sysfs_transport(fake.device().value()).ok());
}

TEST_CASE("files that are missing are named") {
  FakePciDevice fake;
  fake.remove("resource0");
  auto refused = open_sysfs_transport(fake.device().value());
  CHECK(failure_of(refused).code == ErrorCode::Os);
  CHECK(failure_of(refused).detail.find("/resource0: No such file or directory (ENOENT)") !=
        std::string::npos);
}

TEST_CASE("a device that reads as all ones is gone, and a short BAR is no controller's") {
  FakePciDevice fake;
  fake.write_register32(8, 0xffffffff);
  auto gone = open_sysfs_transport(fake.device().value());
  CHECK(failure_of(gone).code == ErrorCode::ControllerGone);
  CHECK((fake.pci_command() & kBusMaster) == 0);
  fake.write("resource0", std::string(4096, '\0'));
  auto small = open_sysfs_transport(fake.device().value());
  CHECK(failure_of(small).code == ErrorCode::Unsupported);
}

TEST_CASE("opening switches memory and bus mastering on, closing ends bus mastering") {
  FakePciDevice fake;
  auto opened = open_sysfs_transport(fake.device().value());
  REQUIRE(opened.ok());
  CHECK(fake.read("enable").substr(0, 1) == "1");
  CHECK(fake.pci_command() == (kMemory | kBusMaster | kIntxDisable));
  opened.value().reset();
  CHECK(fake.pci_command() == (kMemory | kIntxDisable));
}

TEST_CASE("registers and doorbells are the BAR's") {
  FakePciDevice fake;
  auto opened = open_sysfs_transport(fake.device().value());
  REQUIRE(opened.ok());
  Transport& transport = *opened.value();
  CHECK(transport.capabilities().name == "sysfs");
  CHECK(transport.capabilities().address == "0000:05:00.0");
  CHECK_FALSE(transport.capabilities().emulated);
  CHECK_FALSE(transport.capabilities().wakes);
  CHECK(transport.read_register64(0) == 0x0000000200003fff);
  CHECK(transport.read_register32(8) == 0x00010400);
  transport.write_register64(0x28, 0x1122334455667788);
  CHECK(fake.read_register32(0x28) == 0x55667788);
  CHECK(fake.read_register32(0x2c) == 0x11223344);
  CHECK(transport.read_register32(FakePciDevice::kBarByteLength) == 0xffffffff);

  const Doorbells doorbells = transport.doorbells();
  CHECK(doorbells.uncached);
  CHECK(doorbells.sleeping == nullptr);
  CHECK(doorbells.stride_bytes == 16);
  CHECK(doorbells.byte_length == FakePciDevice::kBarByteLength - 0x1000);
  doorbells.base[3 * doorbells.stride_bytes / 4] = 77;
  CHECK(fake.read_register32(0x1000 + 3 * 16) == 77);
}

TEST_CASE("reset goes through sysfs, and its absence is said") {
  FakePciDevice fake;
  auto opened = open_sysfs_transport(fake.device().value());
  REQUIRE(opened.ok());
  CHECK(opened.value()->reset().ok());
  CHECK(fake.read("reset") == "1");
  fake.remove("reset");
  Status refused = opened.value()->reset();
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.failure().code == ErrorCode::Unsupported);
}

TEST_CASE("memory is locked and has physical runs, neighbouring pages joined") {
  FakePciDevice fake;
  FakePagemap pagemap;
  auto opened = open_sysfs_transport(fake.device().value(), pagemap.path());
  REQUIRE(opened.ok());
  auto buffer = Buffer::allocate(5 * kPage).value();
  const uint64_t frames[] = {0x100, 0x101, 0x7, 0x102, 0x103};
  for (size_t page = 0; page < 5; page++) pagemap.place(*buffer, page, frames[page]);
  Result<Mapping> mapping = opened.value()->map(*buffer);
  REQUIRE(mapping.ok());
  const std::vector<IoRun>& runs = mapping.value().runs;
  REQUIRE(runs.size() == 3);
  CHECK(runs[0].io_address == 0x100 * kPage);
  CHECK(runs[0].byte_length == 2 * kPage);
  CHECK(runs[1].io_address == 0x7 * kPage);
  CHECK(runs[1].byte_length == kPage);
  CHECK(runs[2].io_address == 0x102 * kPage);
  CHECK(runs[2].byte_length == 2 * kPage);
  CHECK(opened.value()->unmap(mapping.value()).ok());
}

TEST_CASE("memory of many pages is covered whole") {
  FakePciDevice fake;
  FakePagemap pagemap;
  auto opened = open_sysfs_transport(fake.device().value(), pagemap.path());
  REQUIRE(opened.ok());
  constexpr size_t kPages = 700;  // more than one read of pagemap
  auto buffer = Buffer::allocate(kPages * kPage).value();
  for (size_t page = 0; page < kPages; page++) pagemap.place(*buffer, page, 9000 - 2 * page);
  Result<Mapping> mapping = opened.value()->map(*buffer);
  REQUIRE(mapping.ok());
  REQUIRE(mapping.value().runs.size() == kPages);
  CHECK(mapping.value().runs[699].io_address == (9000 - 2 * 699) * kPage);
}

TEST_CASE("hidden or absent pages are refused") {
  FakePciDevice fake;
  FakePagemap pagemap;
  auto opened = open_sysfs_transport(fake.device().value(), pagemap.path());
  REQUIRE(opened.ok());
  auto buffer = Buffer::allocate(2 * kPage).value();
  pagemap.place(*buffer, 0, 5);
  pagemap.place(*buffer, 1, 0);
  Result<Mapping> hidden = opened.value()->map(*buffer);
  REQUIRE_FALSE(hidden.ok());
  CHECK(hidden.status().failure().code == ErrorCode::Permission);
  pagemap.set(*buffer, 1, 6);
  Result<Mapping> absent = opened.value()->map(*buffer);
  REQUIRE_FALSE(absent.ok());
  CHECK(absent.status().failure().code == ErrorCode::Memory);
}

TEST_CASE("foreign memory is taken only aligned, and when its owner has locked all of it") {
  FakePciDevice fake;
  FakePagemap pagemap;
  auto opened = open_sysfs_transport(fake.device().value(), pagemap.path());
  REQUIRE(opened.ok());
  void* bytes =
      mmap(nullptr, 4 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(bytes != MAP_FAILED);
  auto buffer = Buffer::wrap(bytes, 4 * kPage);
  for (size_t page = 0; page < 4; page++) pagemap.place(*buffer, page, 50 + page);
  Result<Mapping> unlocked = opened.value()->map(*buffer);
  REQUIRE_FALSE(unlocked.ok());
  CHECK(unlocked.status().failure().code == ErrorCode::Memlock);

  lock_in_memory(bytes, 2 * kPage);
  CHECK_FALSE(opened.value()->map(*buffer).ok());
  CHECK(opened.value()->map(*Buffer::wrap(bytes, 2 * kPage)).ok());
  lock_in_memory(bytes, 4 * kPage);
  CHECK(opened.value()->map(*buffer).ok());

  auto crooked = Buffer::wrap(static_cast<char*>(bytes) + 8, kPage);
  CHECK(opened.value()->map(*crooked).status().failure().code == ErrorCode::Alignment);
  munmap(bytes, 4 * kPage);
}

TEST_CASE("the vfio transport takes only what is bound to vfio-pci") {
  FakePciDevice fake;
  auto unbound = open_vfio_transport(fake.device().value());
  CHECK(failure_of(unbound).code == ErrorCode::Driver);
  CHECK(failure_of(unbound).detail == "0000:05:00.0 is bound to no driver, not to vfio-pci");
  fake.bind_driver("nvme");
  auto bound = open_vfio_transport(fake.device().value());
  CHECK(failure_of(bound).detail ==
        "0000:05:00.0 is bound to the kernel driver nvme, not to vfio-pci");
}

TEST_CASE("the vfio transport needs an IOMMU group") {
  FakePciDevice fake;
  fake.bind_driver("vfio-pci");
  auto refused = open_vfio_transport(fake.device().value());
  CHECK(failure_of(refused).code == ErrorCode::Unsupported);
  CHECK(failure_of(refused).detail.find("no IOMMU group") != std::string::npos);
}

// SPDX-License-Identifier: MIT
// Memory of another PCI function, which is made of files: where it is for the CPU and for devices,
// what is refused, and what happens when it vanishes.
#include "transport/peer_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "platform/sigbus_guard.h"
#include "transport/fake_pci_device.h"
#include "transport/open.h"
#include "transport/raw_host.h"
#include "transport/sysfs_transport.h"

using namespace nvm;
using namespace nvm::test;

namespace {

constexpr uint64_t kBus = 0x38'0040'0000;
constexpr size_t kBarBytes = 8 * kPage;

// BAR 0: registers; 1: I/O ports; 2: memory, above 4 GiB, with 3 as its upper half; 4: memory
// without an address; 5: half a page.
class FakePeer : public FakePciDevice {
 public:
  FakePeer() {
    write("resource",
          "0x00000000fe900000 0x00000000fe903fff 0x0000000000140204\n"
          "0x000000000000e000 0x000000000000e03f 0x0000000000040101\n"
          "0x0000003800400000 0x0000003800407fff 0x000000000014220c\n"
          "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
          "0x0000000000000000 0x0000000000ffffff 0x0000000020040200\n"
          "0x00000000fe904000 0x00000000fe9047ff 0x0000000000040200\n"
          "0x0000000000000000 0x0000000000000000 0x0000000000000000\n");
    write("resource2", std::string(kBarBytes, '\0'));
    set_pci_command(2);
  }

  void set_pci_command(uint8_t command) {
    std::string config(256, '\0');
    config[4] = static_cast<char>(command);
    write("config", config);
  }
  std::string path(const std::string& file) const {
    return (root() / "bus/pci/devices" / address.text() / file).string();
  }
  void show_as(const std::string& file, int fd) const {
    std::filesystem::create_symlink("/proc/self/fd/" + std::to_string(fd), path(file));
  }
  Result<std::shared_ptr<Buffer>> map(const PeerRange& range, const char* text = "05:00.0") const {
    return map_peer_memory(Capabilities{}, text, range, root().string());
  }
};

Failure refusal(Result<std::shared_ptr<Buffer>> result) {
  REQUIRE_FALSE(result.ok());
  return result.status().failure();
}

std::shared_ptr<Transport> open_small_memory() {
  EmulatorOptions options;
  options.namespaces[0].byte_length = 1u << 20;
  return open_emulator(options).value();
}

}  // namespace

TEST_CASE("a part of a BAR is memory of the CPU, and has an address on the bus") {
  FakePeer fake;
  auto memory = fake.map({2, 3 * kPage, 2 * kPage}).value();
  CHECK(memory->kind() == MemoryKind::Peer);
  CHECK(memory->byte_length() == 2 * kPage);
  CHECK(memory->bus_address() == kBus + 3 * kPage);
  CHECK(memory->fd() == -1);  // there is nothing that another process could be given
  memory->bytes()[kPage + 7] = std::byte{42};
  CHECK(fake.read("resource2")[4 * kPage + 7] == 42);
  CHECK(fake.map({2, 0, kBarBytes}).value()->bytes()[4 * kPage + 7] == std::byte{42});
}

TEST_CASE("memory that can be prefetched is mapped write-combined") {
  FakePeer fake;
  fake.write("resource2_wc", std::string(kBarBytes, '\0'));
  fake.map({2, 0, kPage}).value()->bytes()[0] = std::byte{1};
  CHECK(fake.read("resource2_wc")[0] == 1);
  CHECK(fake.read("resource2")[0] == 0);
}

TEST_CASE("the mapping goes with its last user") {
  FakePeer fake;
  auto memory = fake.map({2, 0, kPage}).value();
  std::byte* bytes = memory->bytes();
  CHECK(msync(bytes, kPage, MS_ASYNC) == 0);
  memory.reset();
  CHECK(msync(bytes, kPage, MS_ASYNC) != 0);
}

TEST_CASE("what is no memory of another device is refused by name") {
  FakePeer fake;
  const std::string has = "it has BAR 0 of 16384 bytes, BAR 2 of 32768 bytes, BAR 5 of 2048 bytes";
  struct Row {
    PeerRange range;
    ErrorCode code;
    const char* detail;
  };
  for (const Row& row : {
           Row{{1, 0, kPage}, ErrorCode::Unsupported, "BAR 1 of 0000:05:00.0 is I/O ports"},
           Row{{3, 0, kPage}, ErrorCode::Range, "there is no BAR 3 of 0000:05:00.0"},
           Row{{6, 0, kPage}, ErrorCode::Range, "there is no BAR 6 of 0000:05:00.0"},
           Row{{4, 0, kPage}, ErrorCode::Unsupported, "was given no address on the bus"},
       }) {
    CAPTURE(row.detail);
    const Failure failure = refusal(fake.map(row.range));
    CHECK(failure.code == row.code);
    CHECK(failure.detail.find(row.detail) != std::string::npos);
    CHECK(failure.detail.find(has) != std::string::npos);
  }
  CHECK(refusal(fake.map({2, 0, kPage}, "06:00.0")).code == ErrorCode::Target);
  CHECK(refusal(fake.map({2, 0, kPage}, "resource2")).detail == "'resource2' is not a PCI address");
}

TEST_CASE("a range is of whole pages, and within its BAR") {
  FakePeer fake;
  for (const PeerRange& range : {PeerRange{2, 8, kPage}, PeerRange{2, 0, 2048}}) {
    CHECK(refusal(fake.map(range)).code == ErrorCode::Alignment);
  }
  const PeerRange outside[] = {{2, 0, 0},
                               {2, 0, kBarBytes + kPage},
                               {2, kBarBytes, kPage},
                               {2, kPage, kBarBytes},
                               {2, UINT64_MAX - kPage + 1, 2 * kPage},
                               {5, 0, kPage}};
  for (const PeerRange& range : outside) CHECK(refusal(fake.map(range)).code == ErrorCode::Range);
}

TEST_CASE("memory that is switched off is refused, and the controller itself") {
  FakePeer fake;
  fake.set_pci_command(0);
  const Failure off = refusal(fake.map({2, 0, kPage}));
  CHECK(off.code == ErrorCode::Unsupported);
  CHECK(off.detail.find("write 1 to " + fake.path("enable")) != std::string::npos);
  Capabilities itself;
  itself.address = "0000:05:00.0";
  const PeerRange page{2, 0, kPage};
  const auto root = fake.root().string();
  CHECK(refusal(map_peer_memory(itself, "05:00.0", page, root)).code == ErrorCode::Argument);
  Capabilities remote;
  remote.foreign_memory = false;
  CHECK(refusal(map_peer_memory(remote, "05:00.0", page, root)).code == ErrorCode::Unsupported);
}

TEST_CASE("what the system refuses is said, with its errno") {
  FakePeer fake;
  fake.remove("config");
  CHECK(refusal(fake.map({2, 0, kPage})).os_error == ENOENT);
  fake.write("config", "short");
  CHECK(refusal(fake.map({2, 0, kPage})).os_error == EIO);
  fake.set_pci_command(2);
  fake.remove("resource2");
  CHECK(refusal(fake.map({2, 0, kPage})).os_error == ENOENT);
  const int kept = memfd_create("kept", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  REQUIRE(ftruncate(kept, kBarBytes) == 0);
  REQUIRE(fcntl(kept, F_ADD_SEALS, F_SEAL_WRITE) == 0);
  fake.show_as("resource2", kept);
  CHECK(refusal(fake.map({2, 0, kPage})).code == ErrorCode::Permission);
  close(kept);
  fake.write("resource", "0x1 0x2\n");
  CHECK(refusal(fake.map({2, 0, kPage})).detail.find("/resource") != std::string::npos);
}

TEST_CASE("a BAR that the kernel keeps for a driver is refused by its name") {
  FakePeer fake;
  // It can be opened, but mapped nowhere but at a huge page: EINVAL.
  const int kept = memfd_create("kept", MFD_CLOEXEC | MFD_HUGETLB);
  REQUIRE(kept >= 0);
  fake.remove("resource2");
  fake.show_as("resource2", kept);
  fake.bind_driver("fpga");
  const Failure failure = refusal(fake.map({2, kPage, kPage}));
  CHECK(failure.code == ErrorCode::Driver);
  CHECK(failure.detail.find("/resource2 for fpga, which has claimed it") != std::string::npos);
  close(kept);
}

TEST_CASE("more mappings than can be watched are refused, and one that ends makes room") {
  FakePeer fake;
  std::vector<std::shared_ptr<Buffer>> mapped;
  for (;;) {
    auto next = fake.map({2, 0, kPage});
    if (!next.ok()) {
      CHECK(next.status().failure().code == ErrorCode::Memory);
      break;
    }
    mapped.push_back(next.value());
    REQUIRE(mapped.size() < 1000);
  }
  mapped.pop_back();
  CHECK(fake.map({2, 0, kPage}).ok());
}

TEST_CASE("without an IOMMU a drive is given addresses on the bus") {
  FakePeer fake;
  FakePciDevice drive;
  auto transport = open_sysfs_transport(drive.device().value());
  REQUIRE(transport.ok());
  auto memory = fake.map({2, kPage, 5 * kPage}).value();
  Result<Mapping> mapping = transport.value()->map(*memory);
  REQUIRE(mapping.ok());
  REQUIRE(mapping.value().runs.size() == 1);
  CHECK(mapping.value().runs[0].io_address == kBus + kPage);
  CHECK(mapping.value().runs[0].byte_length == 5 * kPage);
  CHECK(transport.value()->unmap(mapping.value()).ok());
}

TEST_CASE("an emulated device reads from it and writes to it") {
  FakePeer fake;
  auto transport = open_small_memory();
  RawHost host(transport);
  host.create_io_queue(false, 0);
  auto peer = DmaDescriptor::map(transport, fake.map({2, kPage, 2 * kPage}).value()).value();
  std::memset(peer->bytes(), 'p', kPage);
  namespace opcode = spec::nvm_opcode;
  CHECK(host.io.run(host.io_command(opcode::write, 8, peer->io_address(0))) == 0);
  CHECK(host.io.run(host.io_command(opcode::read, 8, peer->io_address(kPage))) == 0);
  CHECK(fake.read("resource2").substr(kPage, 2 * kPage) == std::string(2 * kPage, 'p'));
}

TEST_CASE("memory that is taken away ends the command that reaches it, and nothing else") {
  FakePeer fake;
  auto transport = open_small_memory();
  RawHost host(transport);
  host.create_io_queue(false, 0);
  auto peer = DmaDescriptor::map(transport, fake.map({2, 0, 4 * kPage}).value()).value();
  REQUIRE(truncate(fake.path("resource2").c_str(), kPage) == 0);
  const auto io = [&](uint8_t opcode, size_t page) {
    const auto command = host.io_command(opcode, 0, peer->io_address(page * kPage));
    return host.io.run(command) & 0x7ff;  // status code and its type
  };
  namespace opcode = spec::nvm_opcode;
  CHECK(io(opcode::write, 2) == spec::status::data_transfer_error);
  CHECK(io(opcode::read, 2) == spec::status::data_transfer_error);
  CHECK(io(opcode::read, 0) == spec::status::success);
  // A program's own access finds a page of zeroes.
  peer->bytes()[3 * kPage] = std::byte{9};
  CHECK(peer->bytes()[3 * kPage + 1] == std::byte{0});
}

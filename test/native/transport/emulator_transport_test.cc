// SPDX-License-Identifier: MIT
// The in-process emulator through nothing but the transport interface.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <thread>

#include "platform/give_way.h"
#include "transport/open.h"
#include "transport/raw_host.h"

using namespace nvm;
using namespace nvm::test;

namespace {

std::shared_ptr<Transport> open_small_memory() {
  EmulatorOptions options;
  options.namespaces[0].byte_length = 1u << 20;
  Result<std::shared_ptr<Transport>> opened = open_emulator(options);
  REQUIRE(opened.ok());
  return opened.value();
}

void fill(std::byte* bytes, unsigned char value) {
  memset(bytes, value, kPage);
}

class SocketPair {
 public:
  SocketPair() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fds_) == 0); }
  ~SocketPair() {
    close(fds_[0]);
    close(fds_[1]);
  }
  int device_end() const { return fds_[0]; }
  bool wait_for_byte(int timeout_ms) {
    pollfd one{fds_[1], POLLIN, 0};
    if (poll(&one, 1, timeout_ms) != 1) return false;
    char byte;
    return read(fds_[1], &byte, 1) == 1;
  }

 private:
  int fds_[2];
};

constexpr int kPatienceMs = 20'000;

}  // namespace

TEST_CASE("an emulator says what it is") {
  auto transport = open_small_memory();
  const Capabilities& capabilities = transport->capabilities();
  CHECK(capabilities.emulated);
  CHECK(capabilities.wakes);
  CHECK(capabilities.pumps);
  CHECK(capabilities.foreign_memory);
  CHECK_FALSE(capabilities.write_protected);
  CHECK(capabilities.vectors > 1);
  CHECK(capabilities.name == "emulator");
  CHECK(capabilities.address == "memory");
  CHECK(transport->read_register32(spec::registers::vs) != 0);
  CHECK(transport->read_register64(spec::registers::cap) ==
        *reinterpret_cast<volatile uint64_t*>(transport->bar()));
  CHECK(transport->bar_byte_length() >= 0x2000);
  CHECK_FALSE(transport->doorbells().uncached);
}

TEST_CASE("what is written is read back, through PRPs") {
  auto transport = open_small_memory();
  RawHost host(transport);
  host.create_io_queue(false, 0);
  for (unsigned i = 0; i < 50; i++) {
    fill(host.page(4), static_cast<unsigned char>(i + 1));
    fill(host.page(5), 0);
    const uint64_t lba = i * 8;
    CHECK(host.io.run(host.io_command(spec::nvm_opcode::write, lba, host.address(4))) == 0);
    CHECK(host.io.run(host.io_command(spec::nvm_opcode::read, lba, host.address(5))) == 0);
    CHECK(memcmp(host.page(4), host.page(5), kPage) == 0);
  }
}

TEST_CASE("an address that is not mapped, and one that no longer is, fails the command") {
  auto transport = open_small_memory();
  RawHost host(transport);
  host.create_io_queue(false, 0);
  auto data = DmaDescriptor::map(transport, Buffer::allocate(kPage).value()).value();
  const uint64_t address = data->io_address(0);
  CHECK(host.io.run(host.io_command(spec::nvm_opcode::read, 0, address)) == 0);
  data.reset();
  CHECK(host.io.run(host.io_command(spec::nvm_opcode::read, 0, address)) != 0);
  CHECK(host.io.run(host.io_command(spec::nvm_opcode::read, 0, 0)) != 0);
  CHECK(host.io.run(host.io_command(spec::nvm_opcode::read, 0, host.address(4))) == 0);
}

TEST_CASE("memory in which a queue lives is not unmapped") {
  auto transport = open_small_memory();
  RawHost host(transport);
  const Mapping mapping{host.memory().runs(), 0};
  Status refused = transport->unmap(mapping);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.failure().code == ErrorCode::Busy);
  CHECK(transport->unmap(Mapping{{{0x123000, kPage}}, 0}).failure().code == ErrorCode::Argument);
}

TEST_CASE("after a reset the controller is disabled and lets its memory go") {
  auto transport = open_small_memory();
  RawHost host(transport);
  CHECK(transport->reset().ok());
  CHECK(transport->read_register32(spec::registers::csts) == 0);
  CHECK(transport->read_register32(spec::registers::aqa) == 0);
  auto data = Buffer::allocate(kPage).value();
  Result<Mapping> mapping = transport->map(*data);
  REQUIRE(mapping.ok());
  CHECK(transport->unmap(mapping.value()).ok());
}

TEST_CASE("mappings do not overlap, and are page-aligned") {
  auto transport = open_small_memory();
  auto small = DmaDescriptor::map(transport, Buffer::allocate(kPage).value()).value();
  auto large = DmaDescriptor::map(transport, Buffer::allocate(4u << 20).value()).value();
  CHECK(small->io_address(0) >= 0x1'0000'0000);
  CHECK(small->io_address(0) % kPage == 0);
  CHECK(large->io_address(0) % (2u << 20) == 0);
  CHECK(large->runs().size() == 1);
  char byte;
  CHECK(transport->map(*Buffer::wrap(&byte, 1)).ok() ==
        (reinterpret_cast<uintptr_t>(&byte) % kPage == 0));
}

TEST_CASE("foreign memory that vanishes fails its command, and nothing else") {
  auto transport = open_small_memory();
  RawHost host(transport);
  host.create_io_queue(false, 0);
  const int fd = memfd_create("vanishing", MFD_CLOEXEC);
  REQUIRE(ftruncate(fd, kPage) == 0);
  void* bytes = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  REQUIRE(bytes != MAP_FAILED);
  {
    auto data = DmaDescriptor::map(transport, Buffer::wrap(bytes, kPage)).value();
    const auto command = host.io_command(spec::nvm_opcode::write, 0, data->io_address(0));
    fill(data->bytes(), 3);
    CHECK(host.io.run(command) == 0);
    REQUIRE(ftruncate(fd, 0) == 0);
    CHECK(host.io.run(command) != 0);
    CHECK(host.io.run(host.io_command(spec::nvm_opcode::read, 0, host.address(4))) == 0);
    CHECK(host.page(4)[0] == std::byte{3});
  }
  munmap(bytes, kPage);
  close(fd);
}

TEST_CASE("an armed consumer is woken once, an unarmed one not at all") {
  auto transport = open_small_memory();
  RawHost host(transport);
  SocketPair wake;
  std::atomic<uint32_t> armed{0};
  REQUIRE(transport->bind_wake(1, {&armed, wake.device_end()}).ok());
  host.create_io_queue(true, 1);
  const auto command = host.io_command(spec::nvm_opcode::read, 0, host.address(4));

  CHECK(host.io.run(command) == 0);
  CHECK_FALSE(wake.wait_for_byte(0));

  for (int round = 0; round < 20; round++) {
    armed.store(1);
    host.io.submit(command);
    CHECK(wake.wait_for_byte(kPatienceMs));
    CHECK(armed == 0);
    CHECK((host.io.take().status >> 1) == 0);
  }
  CHECK_FALSE(wake.wait_for_byte(0));

  armed.store(1);
  REQUIRE(transport->bind_wake(1, {}).ok());
  CHECK(host.io.run(command) == 0);
  CHECK(armed == 1);
  CHECK_FALSE(wake.wait_for_byte(0));
  CHECK(transport->bind_wake(transport->capabilities().vectors, {}).failure().code ==
        ErrorCode::Range);
}

TEST_CASE("a caller that pumps makes progress by itself") {
  auto transport = open_small_memory();
  RawHost host(transport);
  host.create_io_queue(false, 0);
  for (int round = 0; round < 200; round++) {
    host.io.submit(host.io_command(spec::nvm_opcode::read, 0, host.address(4)));
    REQUIRE(wait_until(thread_waiter(), kPatienceNs, [&] {
      (void)transport->pump();
      return host.io.has_completion();
    }));
    CHECK((host.io.take().status >> 1) == 0);
  }
}

TEST_CASE("a long step of the emulator is not taken for another's turn by who took it") {
  auto transport = open_small_memory();
  RawHost host(transport);
  host.create_io_queue(false, 0);
  bool slept = true;
  const uint64_t end_ns = monotonic_clock().now_ns() + kPatienceNs;
  while (slept && monotonic_clock().now_ns() < end_ns) {
    // Of its own, which remembers no turn; in the first yield there may be one.
    std::thread([&] {
      (void)give_way(false);
      usleep(1000);
      host.io.submit(host.io_command(spec::nvm_opcode::read, 0, host.address(4)));
      const bool stepped = transport->pump();  // or the emulator's own thread was faster
      if (stepped) slept = give_way(true);
    }).join();
    REQUIRE(wait_until(thread_waiter(), kPatienceNs, [&] { return host.io.has_completion(); }));
    (void)host.io.take();
  }
  CHECK_FALSE(slept);
}

TEST_CASE("a timed emulator takes its time") {
  EmulatorOptions options;
  options.namespaces[0].byte_length = 1u << 20;
  options.latency_ns = 2'000'000;
  auto transport = open_emulator(options).value();
  RawHost host(transport);
  host.create_io_queue(false, 0);
  const uint64_t before = monotonic_clock().now_ns();
  CHECK(host.io.run(host.io_command(spec::nvm_opcode::read, 0, host.address(4))) == 0);
  CHECK(monotonic_clock().now_ns() - before >= options.latency_ns);
}

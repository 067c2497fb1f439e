// SPDX-License-Identifier: MIT
// The client's memory, by descriptor and by message, as a device uses it.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/eventfd.h>

#include <cerrno>

#include "vfio_user/direct_channel.h"

using namespace nvm;
using namespace nvm::vfio_user;
using namespace nvm::vfio_user::test;

namespace {

// A guest with queues whose other memory, at kAddress, the device reaches only by asking.
struct RemoteGuest {
  static constexpr uint64_t kAddress = 0x10000;
  static constexpr size_t kByteLength = 0x10000;

  RemoteGuest() {
    guest.agree_version();
    REQUIRE(guest.map_memory() == 0);
    REQUIRE(map_range(channel, kAddress, kByteLength) == 0);
    REQUIRE(guest.enable());
    REQUIRE(guest.create_io_queues() == 0);
    channel.on_request = [this](const Bytes& request) { return answer(request); };
  }
  Bytes answer(const Bytes& request) {
    Header header = head_of(request);
    auto body = body_of<DmaAccessBody>(request);
    std::byte* at = bytes.data() + (body.address - kAddress);
    Bytes payload = join(body);
    if (header.command == static_cast<uint16_t>(CommandCode::DmaRead)) {
      payload = with_tail(payload, {at, body.count});
    } else {
      std::memcpy(at, request.data() + sizeof header + sizeof body, body.count);
    }
    header.flags = header_flag::type_reply;
    header.byte_length = static_cast<uint32_t>(sizeof header + payload.size());
    return with_tail(join(header), payload);
  }

  DirectChannel channel;
  Guest guest{channel};
  Bytes bytes = Bytes(kByteLength);
};

}  // namespace

TEST_CASE("DMA regions: overlaps, exact unmapping, all at once") {
  DirectChannel channel;
  Guest guest(channel);
  guest.agree_version();
  CHECK(map_range(channel, 0x10000, 0x4000) == 0);
  CHECK(map_range(channel, 0x10000, 0x4000) == EEXIST);
  CHECK(map_range(channel, 0x13000, 0x4000) == EEXIST);
  CHECK(map_range(channel, 0xf000, 0x2000) == EEXIST);
  CHECK(map_range(channel, 0x11000, 0x1000) == EEXIST);
  CHECK(map_range(channel, 0x14000, 0x1000) == 0);
  CHECK(map_range(channel, 0xf000, 0x1000) == 0);
  CHECK(unmap_range(channel, 0, 0x10000, 0x1000) == ENOENT);
  CHECK(unmap_range(channel, 0, 0x11000, 0x3000) == ENOENT);
  CHECK(unmap_range(channel, 0, 0x10000, 0x4000) == 0);
  CHECK(unmap_range(channel, 0, 0x10000, 0x4000) == ENOENT);
  CHECK(map_range(channel, 0x11000, 0x1000) == 0);
  CHECK(unmap_range(channel, dma_flag::unmap_all, 0, 0) == 0);
  CHECK(map_range(channel, 0xf000, 0x10000) == 0);
}

TEST_CASE("only so many DMA regions are taken") {
  DirectChannel channel;
  Guest guest(channel);
  guest.agree_version();
  for (uint64_t i = 0; i < kDmaRegionsMax; i++) {
    REQUIRE(map_range(channel, (2 * i + 1) * 4096, 4096) == 0);
  }
  CHECK(map_range(channel, 0x7f0000000000, 4096) == ENOSPC);
}

TEST_CASE("only memory files as large as the region are mapped") {
  DirectChannel channel;
  Guest guest(channel);
  guest.agree_version();
  SharedMemory small(0x2000);
  auto map = [&](int fd, uint64_t offset) {
    return error_of(
        channel.call(CommandCode::DmaMap, join(DmaMapBody{32, 3, offset, 0x1000, 0x2000}), {fd}));
  };
  CHECK(map(small.fd(), 0x1000) == EINVAL);
  UniqueFd null_device(open("/dev/null", O_RDWR | O_CLOEXEC));
  CHECK(map(null_device.get(), 0) == EINVAL);
  UniqueFd event(eventfd(0, EFD_CLOEXEC));
  CHECK(map(event.get(), 0) == EINVAL);
  CHECK(map(small.fd(), 0) == 0);
}

TEST_CASE_FIXTURE(RemoteGuest, "memory mapped without a descriptor is reached by messages") {
  std::memset(bytes.data(), 0x3c, 512);
  CHECK(guest.transfer_block(spec::nvm_opcode::write, 5, kAddress) == 0);
  CHECK(guest.transfer_block(spec::nvm_opcode::read, 5, Guest::kBase + Guest::kData) == 0);
  CHECK(std::memcmp(guest.data(), bytes.data(), 512) == 0);
  CHECK(guest.transfer_block(spec::nvm_opcode::read, 5, kAddress + 0x1000) == 0);
  CHECK(std::memcmp(bytes.data() + 0x1000, bytes.data(), 512) == 0);
  CHECK(channel.notifications > 0);
}

TEST_CASE_FIXTURE(RemoteGuest,
                  "a client that refuses its memory fails the command and nothing else") {
  channel.on_request = [](const Bytes& request) {
    Header header = head_of(request);
    header.byte_length = sizeof header;
    header.flags = header_flag::type_reply | header_flag::error;
    header.error = EFAULT;
    return join(header);
  };
  uint16_t status = guest.transfer_block(spec::nvm_opcode::read, 0, kAddress);
  CHECK((status & kCode) == spec::status::data_transfer_error);
  CHECK(guest.transfer_block(spec::nvm_opcode::read, 0, Guest::kBase + Guest::kData) == 0);
}

TEST_CASE_FIXTURE(RemoteGuest,
                  "memory taken back while the client is asked for it fails the command") {
  bool asked = false;
  channel.on_request = [&](const Bytes&) {
    asked = true;
    return Bytes();
  };
  guest.submit_block_read(kAddress);
  REQUIRE(guest.wait([&] { return asked; }));
  SUBCASE("by name") {
    CHECK(unmap_range(channel, 0, kAddress, kByteLength) == 0);
  }
  SUBCASE("with everything, of which some is mapped again") {
    CHECK(unmap_range(channel, dma_flag::unmap_all, 0, 0) == 0);
    CHECK(guest.map_memory() == 0);
  }
  uint16_t first = guest.transfer_block(spec::nvm_opcode::read, 0, Guest::kBase + Guest::kData);
  CHECK((first & kCode) == spec::status::data_transfer_error);
}

TEST_CASE_FIXTURE(RemoteGuest, "a reset while the client is asked for memory waits for nobody") {
  bool asked = false;
  channel.on_request = [&](const Bytes&) {
    asked = true;
    return Bytes();
  };
  guest.submit_block_read(kAddress);
  REQUIRE(guest.wait([&] { return asked; }));
  CHECK(error_of(channel.call(CommandCode::DeviceReset, {})) == 0);
  REQUIRE(guest.enable());
  CHECK(guest.identify_controller() == 0);
}

TEST_CASE("a reply that nobody waits for ends the connection") {
  DirectChannel channel;
  Guest guest(channel);
  guest.agree_version();
  Header header{0, static_cast<uint16_t>(CommandCode::DmaRead), sizeof header,
                header_flag::type_reply, 0};
  CHECK(channel.device().handle(header, {}, {}).broken);
}

TEST_CASE("a client that shrinks its memory fails its own command") {
  DirectChannel channel;
  Guest guest(channel);
  guest.agree_version();
  REQUIRE(guest.map_memory() == 0);
  SharedMemory shrinking(0x1000);
  REQUIRE(error_of(channel.call(CommandCode::DmaMap, join(DmaMapBody{32, 3, 0, 0x10000, 0x1000}),
                                {shrinking.fd()})) == 0);
  REQUIRE(guest.enable());
  REQUIRE(guest.create_io_queues() == 0);
  REQUIRE(ftruncate(shrinking.fd(), 0) == 0);
  uint16_t status = guest.transfer_block(spec::nvm_opcode::read, 0, 0x10000);
  CHECK((status & kCode) == spec::status::data_transfer_error);
}

TEST_CASE("memory unmapped under a command that waits for its time is not touched") {
  DirectChannel channel(1000);
  Guest guest(channel);
  guest.agree_version();
  REQUIRE(guest.map_memory() == 0);
  SharedMemory buffer(0x1000);
  REQUIRE(error_of(channel.call(CommandCode::DmaMap, join(DmaMapBody{32, 3, 0, 0x10000, 0x1000}),
                                {buffer.fd()})) == 0);
  REQUIRE(guest.enable());
  REQUIRE(guest.create_io_queues() == 0);
  guest.submit_block_read(0x10000);
  channel.idle();
  CHECK(unmap_range(channel, 0, 0x10000, 0x1000) == 0);
  channel.clock.now = 1'000'000;
  for (int i = 0; i < 10; i++) channel.idle();
  CHECK(guest.identify_controller() == 0);
}

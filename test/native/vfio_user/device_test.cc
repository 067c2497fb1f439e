// SPDX-License-Identifier: MIT
#include "vfio_user/device.h"

#include <doctest/doctest.h>
#include <linux/pci_regs.h>
#include <sys/eventfd.h>

#include <cerrno>

#include "vfio_user/direct_channel.h"

using namespace nvm;
using namespace nvm::vfio_user;
using namespace nvm::vfio_user::test;

TEST_CASE("nothing is answered before the version is agreed") {
  DirectChannel channel;
  CHECK(error_of(channel.call(CommandCode::DeviceGetInfo, join(DeviceInfoBody{16, 0, 0, 0}))) ==
        EPROTO);
  Bytes reply = channel.call(CommandCode::Version, join(VersionBody{0, 0}, '\0'));
  CHECK(body_of<VersionBody>(reply).minor == 0);
  CHECK(reply.back() == std::byte{0});
  CHECK(error_of(channel.call(CommandCode::Version, join(VersionBody{0, 0}))) == EINVAL);
  CHECK(error_of(channel.call(CommandCode::DeviceGetInfo, join(DeviceInfoBody{16, 0, 0, 0}))) == 0);
}

TEST_CASE("the minor version is the lower of both") {
  DirectChannel channel;
  CHECK(body_of<VersionBody>(channel.call(CommandCode::Version, join(VersionBody{0, 9}))).minor ==
        1);
}

TEST_CASE("the device shows nine regions and its interrupts") {
  DirectChannel channel;
  Guest guest(channel);
  guest.agree_version();
  auto info = body_of<DeviceInfoBody>(
      channel.call(CommandCode::DeviceGetInfo, join(DeviceInfoBody{16, 0, 0, 0})));
  CHECK(info.flags == 3);
  CHECK(info.region_count == 9);
  CHECK(info.irq_count == 5);

  const uint64_t sizes[] = {0x4000, 0, 0, 0, 0x2000, 0x1000, 0, 0x1000, 0};
  for (uint32_t index = 0; index < 9; index++) {
    Bytes payload = with_tail(join(RegionInfoBody{4064, 0, index, 0, 0, 0}), zeros(4032));
    auto region = body_of<RegionInfoBody>(channel.call(CommandCode::DeviceGetRegionInfo, payload));
    CHECK(region.index == index);
    CHECK(region.byte_length == sizes[index]);
    CHECK(region.flags == (sizes[index] ? 3 : 0));
  }
  CHECK(error_of(channel.call(CommandCode::DeviceGetRegionInfo,
                              join(RegionInfoBody{32, 0, 9, 0, 0, 0}))) == EINVAL);

  // Pin: eventfd, maskable, automasked. MSI: none. MSI-X: eventfd, maskable. Error, request:
  // eventfd.
  const uint32_t irq_flags[] = {7, 0, 3, 1, 1};
  const uint32_t irq_counts[] = {1, 0, kVectorCount, 1, 1};
  for (uint32_t index = 0; index < 5; index++) {
    auto irq = body_of<IrqInfoBody>(
        channel.call(CommandCode::DeviceGetIrqInfo, join(IrqInfoBody{16, 0, index, 0})));
    CHECK(irq.argsz == 16);
    CHECK(irq.flags == irq_flags[index]);
    CHECK(irq.count == irq_counts[index]);
  }
  CHECK(error_of(channel.call(CommandCode::DeviceGetIrqInfo, join(IrqInfoBody{16, 0, 5, 0}))) ==
        EINVAL);
}

TEST_CASE("a request that wants no reply gets none, not even an error") {
  DirectChannel channel;
  Bytes payload = join(VersionBody{0, 0});
  CHECK(channel.call_with(command(CommandCode::Version, payload, header_flag::no_reply), payload)
            .empty());
  payload = join(DmaMapBody{});
  CHECK(channel.call_with(command(CommandCode::DmaMap, payload, header_flag::no_reply), payload)
            .empty());
  CHECK(error_of(channel.call(CommandCode::DeviceGetInfo, join(DeviceInfoBody{16, 0, 0, 0}))) == 0);
}

TEST_CASE("configuration space is read and written through region 7") {
  DirectChannel channel;
  Guest guest(channel);
  guest.agree_version();
  CHECK(guest.read<uint32_t>(7, PCI_CLASS_REVISION) == 0x01080200);
  auto command_register = guest.read<uint16_t>(7, PCI_COMMAND);
  guest.write<uint16_t>(7, PCI_COMMAND, command_register | 0x0404);
  CHECK(guest.read<uint16_t>(7, PCI_COMMAND) == 0x0404);
}

TEST_CASE("accesses outside a region, or to none, are refused") {
  DirectChannel channel;
  Guest guest(channel);
  guest.agree_version();
  struct Row {
    uint64_t offset;
    uint32_t region;
    uint32_t count;
  };
  const Row rows[] = {{0x4000, 0, 4},     {0x3ffd, 0, 4}, {~0ull, 0, 4}, {~0ull - 3, 0, 4},
                      {0, 1, 4},          {0, 6, 4},      {0, 8, 4},     {0, 9, 4},
                      {0, 0xffffffff, 4}, {0x1000, 7, 1}, {0xfff, 7, 2}, {0x1ff0, 4, 32},
                      {0, 0, 0x4001},     {0, 5, 0x1001}};
  for (const Row& row : rows) {
    CAPTURE(row.offset);
    CAPTURE(row.region);
    RegionAccessBody body{row.offset, row.region, row.count};
    CHECK(error_of(channel.call(CommandCode::RegionRead, join(body))) == EINVAL);
    CHECK(error_of(channel.call(CommandCode::RegionWrite,
                                with_tail(join(body), zeros(row.count)))) == EINVAL);
  }
  // Registers are written by whole dwords only.
  CHECK(error_of(channel.call(CommandCode::RegionWrite,
                              with_tail(join(RegionAccessBody{0x14, 0, 2}), zeros(2)))) == EINVAL);
  CHECK(error_of(channel.call(CommandCode::RegionWrite,
                              with_tail(join(RegionAccessBody{0x15, 0, 4}), zeros(4)))) == EINVAL);
}

TEST_CASE("registers read the same in every width") {
  DirectChannel channel;
  Guest guest(channel);
  guest.agree_version();
  auto cap = guest.read<uint64_t>(0, 0);
  CHECK(cap != 0);
  CHECK(guest.read<uint32_t>(0, 0) == static_cast<uint32_t>(cap));
  CHECK(guest.read<uint32_t>(0, 4) == static_cast<uint32_t>(cap >> 32));
  CHECK(guest.read<uint8_t>(0, 1) == static_cast<uint8_t>(cap >> 8));
  CHECK(guest.read<uint16_t>(0, 3) == static_cast<uint16_t>(cap >> 24));
  Bytes all = channel.call(CommandCode::RegionRead, join(RegionAccessBody{0, 0, 0x4000}));
  CHECK(all.size() == 16 + 16 + 0x4000);
  CHECK(body_of<uint64_t>(all, 16) == cap);
}

TEST_CASE("commands run: identify, write, read back") {
  DirectChannel channel;
  Guest guest(channel);
  guest.agree_version();
  REQUIRE(guest.map_memory() == 0);
  REQUIRE(guest.enable());
  CHECK(guest.identify_controller() == 0);
  CHECK(std::memcmp(guest.data() + offsetof(spec::IdentifyController, mn), "peernvm", 7) == 0);
  uint16_t vendor_id;
  std::memcpy(&vendor_id, guest.data() + offsetof(spec::IdentifyController, vid), 2);
  CHECK(vendor_id == guest.read<uint16_t>(7, PCI_VENDOR_ID));
  REQUIRE(guest.create_io_queues() == 0);

  std::memset(guest.data(), 0x5a, 512);
  CHECK(guest.transfer_block(spec::nvm_opcode::write, 3, Guest::kBase + Guest::kData) == 0);
  CHECK(guest.transfer_block(spec::nvm_opcode::read, 3, Guest::kBase + Guest::kData + 4096) == 0);
  CHECK(std::memcmp(guest.data(), guest.data() + 4096, 512) == 0);
}

TEST_CASE("a completion signals the eventfd of its queue's vector") {
  DirectChannel channel;
  Guest guest(channel);
  guest.agree_version();
  UniqueFd admin(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      io(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  IrqSetBody body{20, irq_set_flag::data_eventfd | irq_set_flag::action_trigger, 2, 0, 2};
  REQUIRE(error_of(channel.call(CommandCode::DeviceSetIrqs, join(body), {admin.get(), io.get()})) ==
          0);
  REQUIRE(guest.map_memory() == 0);
  REQUIRE(guest.enable());
  REQUIRE(guest.create_io_queues() == 0);
  uint64_t count = 0;
  CHECK(read(admin.get(), &count, sizeof count) == sizeof count);
  CHECK(read(io.get(), &count, sizeof count) < 0);
  CHECK(guest.transfer_block(spec::nvm_opcode::read, 0, Guest::kBase + Guest::kData) == 0);
  CHECK(read(io.get(), &count, sizeof count) == sizeof count);

  SUBCASE("until the vectors lose their eventfds") {
    CHECK(error_of(channel.call(CommandCode::DeviceSetIrqs, join(body))) == 0);
  }
  SUBCASE("until all are given up") {
    IrqSetBody off{20, irq_set_flag::data_none | irq_set_flag::action_trigger, 2, 0, 0};
    CHECK(error_of(channel.call(CommandCode::DeviceSetIrqs, join(off))) == 0);
  }
  SUBCASE("until it is masked") {
    IrqSetBody mask{20, irq_set_flag::data_none | irq_set_flag::action_mask, 2, 1, 1};
    CHECK(error_of(channel.call(CommandCode::DeviceSetIrqs, join(mask))) == 0);
  }
  CHECK(guest.transfer_block(spec::nvm_opcode::read, 0, Guest::kBase + Guest::kData) == 0);
  CHECK(read(io.get(), &count, sizeof count) < 0);
}

TEST_CASE("interrupts that there are not, and masks of those that have none, are refused") {
  DirectChannel channel;
  Guest guest(channel);
  guest.agree_version();
  auto set = [&](uint32_t index, uint32_t start, uint32_t count) {
    IrqSetBody body{20, irq_set_flag::data_none | irq_set_flag::action_trigger, index, start,
                    count};
    return error_of(channel.call(CommandCode::DeviceSetIrqs, join(body)));
  };
  CHECK(set(2, 0, kVectorCount) == 0);
  CHECK(set(2, 0, kVectorCount + 1) == EINVAL);
  CHECK(set(2, kVectorCount, 1) == EINVAL);
  CHECK(set(0, 0, 1) == 0);
  CHECK(set(0, 0, 2) == EINVAL);
  CHECK(set(1, 0, 0) == 0);
  CHECK(set(1, 0, 1) == EINVAL);
  CHECK(set(3, 0, 1) == 0);
  CHECK(set(4, 0, 1) == 0);
  for (uint32_t index : {3, 4}) {
    IrqSetBody body{20, irq_set_flag::data_none | irq_set_flag::action_mask, index, 0, 1};
    CHECK(error_of(channel.call(CommandCode::DeviceSetIrqs, join(body))) == EINVAL);
  }
  CHECK(set(5, 0, 0) == EINVAL);
}

TEST_CASE("without bus mastering nothing is fetched, and nothing is lost") {
  DirectChannel channel;
  Guest guest(channel);
  guest.agree_version();
  REQUIRE(guest.map_memory() == 0);
  REQUIRE(guest.enable());
  REQUIRE(guest.create_io_queues() == 0);
  guest.write<uint16_t>(7, PCI_COMMAND, PCI_COMMAND_MEMORY);
  std::memset(guest.data(), 0xee, 512);
  guest.submit_block_read(Guest::kBase + Guest::kData);
  for (int i = 0; i < 100; i++) channel.idle();
  CHECK(guest.data()[0] == std::byte{0xee});
  CHECK(guest.read<uint32_t>(0, spec::registers::csts) == 1);
  guest.write<uint16_t>(7, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
  CHECK(guest.wait([&] { return guest.data()[0] == std::byte{0}; }));
}

TEST_CASE("vectors are given in chunks, and every one is signalled") {
  DirectChannel channel;
  Guest guest(channel);
  guest.agree_version();
  std::vector<UniqueFd> events;
  for (uint32_t start = 0; start < kVectorCount; start += 8) {
    const uint32_t count = std::min(8u, kVectorCount - start);
    int fds[8];
    for (uint32_t i = 0; i < count; i++) {
      events.emplace_back(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
      fds[i] = events.back().get();
    }
    IrqSetBody body{20, irq_set_flag::data_eventfd | irq_set_flag::action_trigger, 2, start, count};
    Bytes payload = join(body);
    CHECK(error_of(channel.call_with(command(CommandCode::DeviceSetIrqs, payload), payload,
                                     std::vector<int>(fds, fds + count))) == 0);
  }
  // Every third, by booleans.
  IrqSetBody body{20 + kVectorCount, irq_set_flag::data_bool | irq_set_flag::action_trigger, 2, 0,
                  kVectorCount};
  Bytes payload = join(body);
  for (uint32_t i = 0; i < kVectorCount; i++) payload.push_back(std::byte{i % 3 == 0});
  CHECK(error_of(channel.call(CommandCode::DeviceSetIrqs, payload)) == 0);
  for (uint32_t i = 0; i < kVectorCount; i++) {
    uint64_t count = 0;
    CAPTURE(i);
    CHECK((read(events[i].get(), &count, sizeof count) == sizeof count) == (i % 3 == 0));
  }
}

TEST_CASE("a client whose capabilities are no JSON is not agreed with") {
  DirectChannel channel;
  Bytes broken = with_tail(join(VersionBody{0, 1}), std::as_bytes(std::span("{\"capabilities\":")));
  CHECK(error_of(channel.call(CommandCode::Version, broken)) == EINVAL);
  CHECK(error_of(channel.call(CommandCode::DeviceGetInfo, join(DeviceInfoBody{16, 0, 0, 0}))) ==
        EPROTO);
  Bytes padded = with_tail(join(VersionBody{0, 1}), std::as_bytes(std::span("{}\0\0\0")));
  CHECK(error_of(channel.call(CommandCode::Version, padded)) == 0);
}

TEST_CASE("RESET and a function-level reset disable the controller, which can be enabled again") {
  DirectChannel channel;
  Guest guest(channel);
  guest.agree_version();
  REQUIRE(guest.map_memory() == 0);
  REQUIRE(guest.enable());
  guest.write<uint16_t>(7, PCI_COMMAND, 0x0404);
  SUBCASE("by message") {
    CHECK(error_of(channel.call(CommandCode::DeviceReset, {})) == 0);
  }
  SUBCASE("by configuration write") {
    guest.write<uint16_t>(7, 0x60 + PCI_EXP_DEVCTL, 0x8000);
  }
  CHECK(guest.read<uint32_t>(0, spec::registers::csts) == 0);
  CHECK(guest.read<uint32_t>(0, spec::registers::cc) == 0);
  CHECK(guest.read<uint16_t>(7, PCI_COMMAND) == 0);
  REQUIRE(guest.enable());
  CHECK(guest.identify_controller() == 0);
  CHECK(guest.create_io_queues() == 0);
  CHECK(guest.transfer_block(spec::nvm_opcode::read, 0, Guest::kBase + Guest::kData) == 0);
}

TEST_CASE("a client that goes leaves a controller that the next one can use") {
  DirectChannel channel;
  Guest first(channel);
  first.agree_version();
  REQUIRE(first.map_memory() == 0);
  REQUIRE(first.enable());
  REQUIRE(first.create_io_queues() == 0);
  first.submit_block_read(Guest::kBase + Guest::kData);
  channel.device().disconnect();
  for (int i = 0; i < 10; i++) channel.idle();

  Guest second(channel);
  second.agree_version();
  REQUIRE(second.map_memory() == 0);
  REQUIRE(second.disable());
  REQUIRE(second.enable());
  CHECK(second.identify_controller() == 0);
  CHECK(second.create_io_queues() == 0);
}

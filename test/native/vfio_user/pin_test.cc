// SPDX-License-Identifier: MIT
// The pin as a client that emulates it needs it: QEMU asserts the line at a signal, and at the
// host's next access to the device deasserts it and unmasks. What it was not told in between is an
// interrupt without a reason, again and again.
#include <doctest/doctest.h>
#include <linux/pci_regs.h>
#include <sys/eventfd.h>

#include "vfio_user/direct_channel.h"

using namespace nvm;
using namespace nvm::vfio_user;
using namespace nvm::vfio_user::test;

namespace {

// A guest with one I/O queue pair and the pin. Nothing steps the device but complete().
struct Pinned {
  Pinned() : guest(channel), pin(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    guest.agree_version();
    listen();
    REQUIRE(guest.map_memory() == 0);
    REQUIRE(guest.enable());
    REQUIRE(guest.create_io_queues() == 0);
    write_command(0);
  }
  void listen() {
    IrqSetBody body{20, irq_set_flag::data_eventfd | irq_set_flag::action_trigger, 0, 0, 1};
    REQUIRE(error_of(channel.call(CommandCode::DeviceSetIrqs, join(body), {pin.get()})) == 0);
  }
  void unmask() {
    IrqSetBody body{20, irq_set_flag::data_none | irq_set_flag::action_unmask, 0, 0, 1};
    CHECK(error_of(channel.call(CommandCode::DeviceSetIrqs, join(body))) == 0);
  }
  // Since last asked.
  bool signalled() {
    uint64_t count;
    return read(pin.get(), &count, sizeof count) == sizeof count;
  }
  void write_command(uint16_t more) {
    guest.write<uint16_t>(7, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | more);
  }
  bool status() { return (guest.read<uint16_t>(7, PCI_STATUS) & PCI_STATUS_INTERRUPT) != 0; }
  void ring_head(uint32_t head) { guest.write<uint32_t>(0, 0x100c, head); }
  void complete(int count = 1) {
    for (int i = 0; i < count; i++) {
      guest.submit_block_read(Guest::kBase + Guest::kData);
      if (shadow) word(kShadow, 2) = ++shadow_tail;
    }
    channel.idle();
  }

  // From now on the I/O queues are rung in memory.
  void use_shadow_doorbells() {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = spec::admin_opcode::doorbell_buffer_config;
    sqe.prp1 = Guest::kBase + kShadow;
    sqe.prp2 = Guest::kBase + kEventIndices;
    REQUIRE(guest.admin(sqe) == 0);
    shadow = true;
  }
  // As a host does it: in memory, then by a register if it is asked to; true when it was.
  bool take_entries(uint32_t head) {
    const uint32_t before = word(kShadow, 3);
    word(kShadow, 3) = head;
    const bool asked = word(kEventIndices, 3) - before < head - before;
    if (asked) ring_head(head);
    return asked;
  }
  uint32_t& word(size_t page, size_t index) {
    return reinterpret_cast<uint32_t*>(guest.memory().bytes() + page)[index];
  }

  static constexpr size_t kShadow = 0x4000, kEventIndices = 0x5000;
  DirectChannel channel;
  Guest guest;
  UniqueFd pin;
  bool shadow = false;
  uint32_t shadow_tail = 0;
};

}  // namespace

TEST_CASE_FIXTURE(Pinned, "a pin that is unmasked behind the last doorbell does not signal again") {
  CHECK_FALSE(signalled());
  complete();
  SUBCASE("when the client has heard of all entries") {
    CHECK(signalled());
    ring_head(1);
    unmask();
    CHECK_FALSE(signalled());
  }
  SUBCASE("when an entry came meanwhile, it does") {
    CHECK(signalled());
    complete();
    CHECK_FALSE(signalled());
    ring_head(1);
    unmask();
    CHECK(signalled());
    ring_head(2);
    unmask();
    CHECK_FALSE(signalled());
  }
  SUBCASE("when the client has not looked at the signal yet") {
    ring_head(1);
    CHECK_FALSE(signalled());
  }
  complete();
  CHECK(signalled());
}

TEST_CASE_FIXTURE(Pinned, "a host with shadow doorbells rings for every entry that the pin told") {
  use_shadow_doorbells();
  uint32_t head = 0;
  for (int round = 0; round < 3; round++) {
    complete(2);
    CHECK(signalled());
    CHECK(take_entries(head + 1));
    unmask();
    CHECK(signalled());  // there is the other
    CHECK(take_entries(head + 2));
    unmask();
    CHECK_FALSE(signalled());
    head += 2;
  }
}

TEST_CASE_FIXTURE(Pinned, "what the host was asked stays until the next entry: it may be looking") {
  use_shadow_doorbells();
  complete();
  CHECK(signalled());
  word(kShadow, 3) = 1;
  channel.idle();
  CHECK(word(kEventIndices, 3) == 0);
  ring_head(1);
  unmask();
  CHECK_FALSE(signalled());
  complete();
  CHECK(word(kEventIndices, 3) == 1);
  CHECK(signalled());
}

TEST_CASE_FIXTURE(Pinned, "an unmasked pin has the level of that moment, also without a ring") {
  use_shadow_doorbells();
  complete();
  CHECK(signalled());
  word(kShadow, 3) = 1;
  unmask();
  CHECK_FALSE(signalled());
  complete();
  CHECK(signalled());
}

TEST_CASE_FIXTURE(Pinned, "a host with MSI-X is asked for no rings of its heads") {
  use_shadow_doorbells();
  guest.write<uint16_t>(7, 0x52, PCI_MSIX_FLAGS_ENABLE);
  complete();
  take_entries(1);  // the indices begin where the heads do
  complete();
  CHECK_FALSE(take_entries(2));
  CHECK_FALSE(signalled());
  CHECK_FALSE(status());
}

TEST_CASE_FIXTURE(Pinned, "the status shows the pin's level, and each mask keeps it silent") {
  CHECK_FALSE(status());
  SUBCASE("Interrupt Disable, which does not change the status") {
    write_command(PCI_COMMAND_INTX_DISABLE);
    complete();
    CHECK(status());
    CHECK_FALSE(signalled());
    write_command(0);
  }
  SUBCASE("Interrupt Disable while the client has not seen the signal") {
    complete();
    write_command(PCI_COMMAND_INTX_DISABLE);
    CHECK(status());
    CHECK_FALSE(signalled());
    write_command(0);
  }
  SUBCASE("INTMS") {
    guest.write<uint32_t>(0, spec::registers::intms, ~0u);
    complete();
    CHECK_FALSE(status());
    CHECK_FALSE(signalled());
    guest.write<uint32_t>(0, spec::registers::intmc, ~0u);
  }
  SUBCASE("MSI-X in its place") {
    guest.write<uint16_t>(7, 0x52, PCI_MSIX_FLAGS_ENABLE);
    complete();
    CHECK_FALSE(status());
    CHECK_FALSE(signalled());
    guest.write<uint16_t>(7, 0x52, 0);
  }
  CHECK(status());
  CHECK(signalled());
  ring_head(1);
  CHECK_FALSE(status());
}

TEST_CASE_FIXTURE(Pinned, "a client that begins to listen hears of a level that is there") {
  IrqSetBody off{20, irq_set_flag::data_none | irq_set_flag::action_trigger, 0, 0, 0};
  REQUIRE(error_of(channel.call(CommandCode::DeviceSetIrqs, join(off))) == 0);
  complete();
  CHECK_FALSE(signalled());
  listen();
  CHECK(signalled());
  SUBCASE("once, until it unmasks") {
    complete();
    CHECK_FALSE(signalled());
  }
  SUBCASE("again with another eventfd") {
    listen();
    CHECK(signalled());
  }
}

TEST_CASE_FIXTURE(Pinned, "a doorbell behind the unmapping of the shadow doorbells leaves them") {
  use_shadow_doorbells();
  complete();
  REQUIRE(guest.unmap_memory() == 0);
  ring_head(0);
  unmask();
  channel.idle();
  CHECK((guest.read<uint32_t>(0, spec::registers::csts) & spec::csts::cfs.mask) != 0);
  CHECK_FALSE(status());
}

// SPDX-License-Identifier: MIT
#include "vfio_user/config_space.h"

#include <doctest/doctest.h>
#include <linux/pci_regs.h>

#include <array>
#include <vector>

#include "emulator/subsystem.h"

using namespace nvm::vfio_user;

namespace {

template <class T>
T get(const ConfigSpace& space, size_t offset) {
  T value{};
  space.read(offset, std::as_writable_bytes(std::span<T, 1>(&value, 1)));
  return value;
}

template <class T>
bool put(ConfigSpace& space, size_t offset, T value) {
  return space.write(offset, std::as_bytes(std::span<const T, 1>(&value, 1)));
}

// Follows the list of capabilities as an operating system does.
size_t find_capability(const ConfigSpace& space, uint8_t id) {
  size_t at = get<uint8_t>(space, PCI_CAPABILITY_LIST);
  for (int hops = 0; at != 0 && hops < 48; hops++) {
    if (get<uint8_t>(space, at) == id) return at;
    at = get<uint8_t>(space, at + 1);
  }
  return 0;
}

}  // namespace

TEST_CASE("the function is an NVMe controller of no known vendor") {
  ConfigSpace space;
  CHECK(get<uint32_t>(space, PCI_CLASS_REVISION) == 0x01080200);
  CHECK(get<uint16_t>(space, PCI_VENDOR_ID) == nvm::emulator::kPciVendorId);
  CHECK(get<uint8_t>(space, PCI_HEADER_TYPE) == 0);
  CHECK(get<uint8_t>(space, PCI_INTERRUPT_PIN) == 1);
  CHECK((get<uint16_t>(space, PCI_STATUS) & PCI_STATUS_CAP_LIST) != 0);
}

TEST_CASE("writing all ones to a BAR tells its size and type") {
  ConfigSpace space;
  for (size_t bar = PCI_BASE_ADDRESS_0; bar <= PCI_BASE_ADDRESS_5; bar += 4) {
    put<uint32_t>(space, bar, 0xffffffff);
  }
  CHECK(get<uint32_t>(space, PCI_BASE_ADDRESS_0) == (0xffffc000 | PCI_BASE_ADDRESS_MEM_TYPE_64));
  CHECK(get<uint32_t>(space, PCI_BASE_ADDRESS_1) == 0xffffffff);
  CHECK(get<uint32_t>(space, PCI_BASE_ADDRESS_2) == 0);
  CHECK(get<uint32_t>(space, PCI_BASE_ADDRESS_3) == 0);
  CHECK(get<uint32_t>(space, PCI_BASE_ADDRESS_4) == 0xffffe000);
  CHECK(get<uint32_t>(space, PCI_BASE_ADDRESS_5) == 0xfffff000);
  put<uint32_t>(space, PCI_ROM_ADDRESS, 0xffffffff);
  CHECK(get<uint32_t>(space, PCI_ROM_ADDRESS) == 0);
}

TEST_CASE("the capabilities are power management, MSI-X and PCI Express") {
  ConfigSpace space;
  size_t msix = find_capability(space, PCI_CAP_ID_MSIX);
  REQUIRE(msix != 0);
  CHECK((get<uint16_t>(space, msix + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_QSIZE) == kVectorCount - 1);
  CHECK(get<uint32_t>(space, msix + PCI_MSIX_TABLE) == 4);
  CHECK(get<uint32_t>(space, msix + PCI_MSIX_PBA) == 5);
  size_t express = find_capability(space, PCI_CAP_ID_EXP);
  REQUIRE(express != 0);
  CHECK((get<uint16_t>(space, express + PCI_EXP_FLAGS) & PCI_EXP_FLAGS_TYPE) == 0);
  CHECK(find_capability(space, PCI_CAP_ID_PM) != 0);
  CHECK(find_capability(space, PCI_CAP_ID_MSI) == 0);
}

TEST_CASE("only the writable bits change, and a reset brings the defaults back") {
  ConfigSpace space;
  std::array<std::byte, kConfigByteLength> before;
  space.read(0, before);
  std::vector<std::byte> ones(kConfigByteLength, std::byte{0xff});
  CHECK(space.write(0, ones));  // all ones include the bit that asks for a reset

  CHECK(get<uint16_t>(space, PCI_VENDOR_ID) == nvm::emulator::kPciVendorId);
  CHECK(get<uint16_t>(space, PCI_COMMAND) == 0x0546);
  CHECK(get<uint32_t>(space, PCI_CLASS_REVISION) == 0x01080200);
  size_t msix = find_capability(space, PCI_CAP_ID_MSIX);
  CHECK(get<uint16_t>(space, msix + PCI_MSIX_FLAGS) == (0xc000 | (kVectorCount - 1)));
  size_t express = find_capability(space, PCI_CAP_ID_EXP);
  CHECK((get<uint16_t>(space, express + PCI_EXP_DEVCTL) & PCI_EXP_DEVCTL_BCR_FLR) == 0);
  CHECK(get<uint32_t>(space, 0x100) == 0);  // no extended capabilities
  CHECK(get<uint8_t>(space, kConfigByteLength - 1) == 0);

  space.reset();
  std::array<std::byte, kConfigByteLength> after;
  space.read(0, after);
  CHECK(before == after);
}

TEST_CASE("a function-level reset is asked for by its bit and by nothing else") {
  ConfigSpace space;
  size_t control = find_capability(space, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;
  CHECK_FALSE(put<uint16_t>(space, control, 0x7fff));
  CHECK(put<uint16_t>(space, control, 0x8000));
  CHECK_FALSE(put<uint16_t>(space, PCI_COMMAND, 0x0404));
}

TEST_CASE("power states that the function does not have are not entered") {
  ConfigSpace space;
  size_t control = find_capability(space, PCI_CAP_ID_PM) + PCI_PM_CTRL;
  put<uint16_t>(space, control, 3);
  CHECK((get<uint16_t>(space, control) & PCI_PM_CTRL_STATE_MASK) == 3);
  put<uint16_t>(space, control, 1);
  CHECK((get<uint16_t>(space, control) & PCI_PM_CTRL_STATE_MASK) == 3);
  put<uint16_t>(space, control, 0);
  CHECK((get<uint16_t>(space, control) & PCI_PM_CTRL_STATE_MASK) == 0);
}

TEST_CASE("what the host allows is read from its bits") {
  ConfigSpace space;
  CHECK_FALSE(space.bus_master());
  CHECK(space.pin_enabled());
  CHECK_FALSE(space.msix_masked());
  put<uint16_t>(space, PCI_COMMAND, PCI_COMMAND_MASTER);
  CHECK(space.bus_master());
  CHECK(space.pin_enabled());
  put<uint16_t>(space, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE);
  CHECK_FALSE(space.bus_master());
  CHECK_FALSE(space.pin_enabled());
  put<uint16_t>(space, PCI_COMMAND, 0);
  size_t msix = find_capability(space, PCI_CAP_ID_MSIX) + PCI_MSIX_FLAGS;
  put<uint16_t>(space, msix, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
  CHECK_FALSE(space.pin_enabled());
  CHECK(space.msix_masked());
}

TEST_CASE("the status shows the pin, and the host cannot change it") {
  ConfigSpace space;
  CHECK((get<uint16_t>(space, PCI_STATUS) & PCI_STATUS_INTERRUPT) == 0);
  space.show_pin(true);
  put<uint16_t>(space, PCI_STATUS, 0);
  CHECK((get<uint16_t>(space, PCI_STATUS) & PCI_STATUS_INTERRUPT) != 0);
  space.show_pin(false);
  CHECK(get<uint16_t>(space, PCI_STATUS) == PCI_STATUS_CAP_LIST);
}

// SPDX-License-Identifier: MIT
#include "vfio_user/config_space.h"

#include <linux/pci_regs.h>

#include "emulator/subsystem.h"

namespace nvm::vfio_user {
namespace {

constexpr uint8_t kClassMassStorage = 0x01;
constexpr uint8_t kSubclassNvm = 0x08;
constexpr uint8_t kInterfaceNvmExpress = 0x02;

// Where the capabilities are; each names the next.
constexpr uint8_t kPowerManagement = 0x40;
constexpr uint8_t kMsix = 0x50;
constexpr uint8_t kExpress = 0x60;

constexpr uint32_t kMsixTableBar = 4;
constexpr uint32_t kPendingBitsBar = 5;

constexpr uint8_t kPinA = 1;
constexpr uint32_t kLinkSpeed8GT = 3;
constexpr uint32_t kLinkWidthX4 = 4u << 4;
constexpr uint16_t kPowerStateD1 = 1;
constexpr uint16_t kPowerStateD2 = 2;

// The writable bits of a BAR of `byte_length` bytes, a power of two.
constexpr uint32_t bar_mask(uint64_t byte_length) {
  return ~static_cast<uint32_t>(byte_length - 1);
}

}  // namespace

ConfigSpace::ConfigSpace() {
  reset();
}

void ConfigSpace::reset() {
  values_.fill(0);
  writable_.fill(0);
  define_header();
  define_power_management();
  define_msix();
  define_express();
}

void ConfigSpace::define(size_t offset, unsigned byte_length, uint32_t value, uint32_t writable) {
  for (unsigned i = 0; i < byte_length; i++) {
    values_[offset + i] = static_cast<uint8_t>(value >> (8 * i));
    writable_[offset + i] = static_cast<uint8_t>(writable >> (8 * i));
  }
}

void ConfigSpace::define_header() {
  define(PCI_VENDOR_ID, 2, emulator::kPciVendorId);
  define(PCI_DEVICE_ID, 2, kDeviceId);
  define(PCI_COMMAND, 2, 0,
         PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
             PCI_COMMAND_INTX_DISABLE);
  define(PCI_STATUS, 2, PCI_STATUS_CAP_LIST);
  define(PCI_CLASS_PROG, 1, kInterfaceNvmExpress);
  define(PCI_CLASS_DEVICE, 2, kClassMassStorage << 8 | kSubclassNvm);
  define(PCI_CACHE_LINE_SIZE, 1, 0, 0xff);
  define(PCI_BASE_ADDRESS_0, 4, PCI_BASE_ADDRESS_MEM_TYPE_64, bar_mask(kBar0ByteLength));
  define(PCI_BASE_ADDRESS_1, 4, 0, 0xffffffff);
  define(PCI_BASE_ADDRESS_4, 4, PCI_BASE_ADDRESS_MEM_TYPE_32, bar_mask(kMsixTableByteLength));
  define(PCI_BASE_ADDRESS_5, 4, PCI_BASE_ADDRESS_MEM_TYPE_32, bar_mask(kPendingBitsByteLength));
  define(PCI_SUBSYSTEM_VENDOR_ID, 2, emulator::kPciVendorId);
  define(PCI_SUBSYSTEM_ID, 2, kDeviceId);
  define(PCI_CAPABILITY_LIST, 1, kPowerManagement);
  define(PCI_INTERRUPT_LINE, 1, 0, 0xff);
  define(PCI_INTERRUPT_PIN, 1, kPinA);
}

void ConfigSpace::define_power_management() {
  define(kPowerManagement + PCI_CAP_LIST_ID, 1, PCI_CAP_ID_PM);
  define(kPowerManagement + PCI_CAP_LIST_NEXT, 1, kMsix);
  define(kPowerManagement + PCI_PM_PMC, 2, 3);  // version 1.2, no D1, no D2, no PME
  define(kPowerManagement + PCI_PM_CTRL, 2, PCI_PM_CTRL_NO_SOFT_RESET, PCI_PM_CTRL_STATE_MASK);
}

void ConfigSpace::define_msix() {
  define(kMsix + PCI_CAP_LIST_ID, 1, PCI_CAP_ID_MSIX);
  define(kMsix + PCI_CAP_LIST_NEXT, 1, kExpress);
  define(kMsix + PCI_MSIX_FLAGS, 2, kVectorCount - 1,
         PCI_MSIX_FLAGS_MASKALL | PCI_MSIX_FLAGS_ENABLE);
  define(kMsix + PCI_MSIX_TABLE, 4, kMsixTableBar);
  define(kMsix + PCI_MSIX_PBA, 4, kPendingBitsBar);
}

void ConfigSpace::define_express() {
  constexpr uint16_t version = 2;
  constexpr uint32_t device_control_writable = PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE |
                                               PCI_EXP_DEVCTL_FERE | PCI_EXP_DEVCTL_URRE |
                                               PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_PAYLOAD |
                                               PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ;
  constexpr uint32_t link_control_writable =
      PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES;
  define(kExpress + PCI_CAP_LIST_ID, 1, PCI_CAP_ID_EXP);
  define(kExpress + PCI_EXP_FLAGS, 2, version | PCI_EXP_TYPE_ENDPOINT << 4);
  define(kExpress + PCI_EXP_DEVCAP, 4,
         PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR | 1 /* payload of 256 bytes */);
  define(kExpress + PCI_EXP_DEVCTL, 2,
         PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ_512B,
         device_control_writable);
  define(kExpress + PCI_EXP_LNKCAP, 4, kLinkSpeed8GT | kLinkWidthX4);
  define(kExpress + PCI_EXP_LNKCTL, 2, 0, link_control_writable);
  define(kExpress + PCI_EXP_LNKSTA, 2, kLinkSpeed8GT | kLinkWidthX4);
  define(kExpress + PCI_EXP_DEVCAP2, 4, PCI_EXP_DEVCAP2_COMP_TMOUT_DIS);
  define(kExpress + PCI_EXP_DEVCTL2, 2, 0, PCI_EXP_DEVCTL2_COMP_TMOUT_DIS);
  define(kExpress + PCI_EXP_LNKCAP2, 4,
         PCI_EXP_LNKCAP2_SLS_2_5GB | PCI_EXP_LNKCAP2_SLS_5_0GB | PCI_EXP_LNKCAP2_SLS_8_0GB);
  define(kExpress + PCI_EXP_LNKCTL2, 2, kLinkSpeed8GT, PCI_EXP_LNKCTL2_TLS);
}

uint16_t ConfigSpace::word(size_t offset) const {
  return static_cast<uint16_t>(values_[offset] | values_[offset + 1] << 8);
}

bool ConfigSpace::bus_master() const {
  return (word(PCI_COMMAND) & PCI_COMMAND_MASTER) != 0;
}

bool ConfigSpace::pin_enabled() const {
  return (word(PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE) == 0 && !msix_enabled();
}

bool ConfigSpace::msix_enabled() const {
  return (word(kMsix + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_ENABLE) != 0;
}

bool ConfigSpace::msix_masked() const {
  return (word(kMsix + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_MASKALL) != 0;
}

void ConfigSpace::show_pin(bool asserted) {
  values_[PCI_STATUS] = static_cast<uint8_t>((values_[PCI_STATUS] & ~PCI_STATUS_INTERRUPT) |
                                             (asserted ? PCI_STATUS_INTERRUPT : 0));
}

void ConfigSpace::read(size_t offset, std::span<std::byte> to) const {
  for (size_t i = 0; i < to.size(); i++) to[i] = std::byte{values_[offset + i]};
}

bool ConfigSpace::write(size_t offset, std::span<const std::byte> from) {
  constexpr size_t reset_byte = kExpress + PCI_EXP_DEVCTL + 1;
  constexpr uint8_t reset_bit = PCI_EXP_DEVCTL_BCR_FLR >> 8;
  constexpr size_t power_byte = kPowerManagement + PCI_PM_CTRL;
  bool reset_asked = false;
  for (size_t i = 0; i < from.size(); i++) {
    size_t at = offset + i;
    auto value = static_cast<uint8_t>(from[i]);
    if (at == reset_byte && (value & reset_bit)) reset_asked = true;
    // A write that names a power state which the function does not have changes nothing.
    uint8_t state = value & PCI_PM_CTRL_STATE_MASK;
    if (at == power_byte && (state == kPowerStateD1 || state == kPowerStateD2)) continue;
    values_[at] = static_cast<uint8_t>((values_[at] & ~writable_[at]) | (value & writable_[at]));
  }
  return reset_asked;
}

}  // namespace nvm::vfio_user

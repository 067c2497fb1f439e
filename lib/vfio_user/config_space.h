// SPDX-License-Identifier: MIT
// The PCI configuration space of the emulated function: an NVMe endpoint with power management,
// MSI-X and PCI Express capabilities, and of every bit whether the host may change it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace nvm::vfio_user {

// The function's identity beside emulator::kPciVendorId. Drivers bind to the class code; not QEMU's
// 1b36:0010, for which Linux's driver has quirks.
constexpr uint16_t kDeviceId = 0x0001;

constexpr size_t kConfigByteLength = 4096;
constexpr uint64_t kBar0ByteLength = 0x4000;         // registers and doorbells
constexpr uint64_t kMsixTableByteLength = 0x2000;    // all of BAR 4
constexpr uint64_t kPendingBitsByteLength = 0x1000;  // all of BAR 5

// One for the admin queue and one for each of 128 I/O completion queues.
constexpr uint16_t kVectorCount = 129;

class ConfigSpace {
 public:
  ConfigSpace();

  // Back to the values after power-on.
  void reset();

  // The range must lie within kConfigByteLength.
  void read(size_t offset, std::span<std::byte> to) const;
  // Changes the bits that a host may change. True when the write asks for a function-level reset.
  bool write(size_t offset, std::span<const std::byte> from);

  // What the host has allowed: memory accesses and MSI-X, the pin interrupt; whether it has MSI-X
  // in the pin's place, and masks all its vectors.
  bool bus_master() const;
  bool pin_enabled() const;
  bool msix_enabled() const;
  bool msix_masked() const;
  // The status register's Interrupt bit.
  void show_pin(bool asserted);

 private:
  uint16_t word(size_t offset) const;
  void define_header();
  void define_power_management();
  void define_msix();
  void define_express();
  // A field's value after reset, and the bits of it that a host may change.
  void define(size_t offset, unsigned byte_length, uint32_t value, uint32_t writable = 0);

  std::array<uint8_t, kConfigByteLength> values_{};
  std::array<uint8_t, kConfigByteLength> writable_{};
};

}  // namespace nvm::vfio_user

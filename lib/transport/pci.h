// SPDX-License-Identifier: MIT
// PCI devices as sysfs shows them: addresses, what drives a device, whether an IOMMU translates for
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "platform/status.h"

namespace nvm {

struct PciAddress {
  uint32_t domain = 0;
  uint8_t bus = 0;
  uint8_t device = 0;
  uint8_t function = 0;

  std::string text() const;  // "0000:05:00.0"
};

// "05:00.0" or "0000:05:00.0", hexadecimal; nothing for anything else.
std::optional<PciAddress> parse_pci_address(std::string_view text);

struct PciDevice {
  PciAddress address;
  std::string path;         // its folder in sysfs
  uint32_t class_code = 0;  // 24 bits
  std::string driver;       // empty: none
  std::string iommu_group;  // its number; empty: no IOMMU
  std::string iommu_type;   // of the group: "DMA", "DMA-FQ", "identity", …; empty where the kernel
                            // does not say
};

// ERR_TARGET when there is no such device or it is not an NVMe controller. `sysfs_root`: where
// sysfs is.
Result<PciDevice> read_pci_device(const PciAddress& address,
                                  const std::string& sysfs_root = "/sys");

}  // namespace nvm

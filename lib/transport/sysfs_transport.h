// SPDX-License-Identifier: MIT
// A real controller that no driver holds, through its files in sysfs: BAR0 from `resource0`, DMA by
// physical addresses from /proc/self/pagemap. Needs root, and an IOMMU that is off or in
// passthrough.
//
// Its limits: memory is locked, which keeps it in RAM but not at its place: where the kernel
// compacts memory, set /proc/sys/vm/compact_unevictable_allowed to 0, or bind the device to
// vfio-pci, which pins. Foreign memory must have been locked by its owner, and be MADV_DONTFORK in
// a program that forks. There are no interrupts.
#pragma once

#include <memory>

#include "transport/pci.h"
#include "transport/transport.h"

namespace nvm {

// ERR_DRIVER when a driver is bound, ERR_IOMMU when an IOMMU translates, ERR_PERMISSION,
// ERR_CONTROLLER_GONE. `pagemap`: the file with the physical addresses of this process.
Result<std::unique_ptr<Transport>> open_sysfs_transport(
    const PciDevice& device, const std::string& pagemap = "/proc/self/pagemap");

}  // namespace nvm

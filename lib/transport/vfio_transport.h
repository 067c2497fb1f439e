// SPDX-License-Identifier: MIT
// A real controller bound to vfio-pci, through its VFIO group: BAR0 and configuration space as
// regions of the device, DMA at addresses that we choose and the IOMMU translates. Needs no root
// where /dev/vfio/N is the user's. It delivers no interrupts: consumers poll.
#pragma once

#include <memory>

#include "transport/pci.h"
#include "transport/transport.h"

namespace nvm {

// ERR_DRIVER when it is not bound to vfio-pci or its group is not wholly free, ERR_PERMISSION,
// ERR_BUSY when another process has the group open.
Result<std::unique_ptr<Transport>> open_vfio_transport(const PciDevice& device);

}  // namespace nvm

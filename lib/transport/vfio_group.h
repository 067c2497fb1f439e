// SPDX-License-Identifier: MIT
// VFIO's container, group and device, opened in the order in which the kernel wants it, and the
// IOMMU's address ranges.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "memory/io_address_space.h"
#include "platform/unique_fd.h"
#include "transport/pci.h"

namespace nvm {

struct VfioDevice {
  UniqueFd container;
  UniqueFd group;
  UniqueFd device;
  std::vector<IoRange> aperture;
};

struct VfioRegion {
  uint64_t offset;
  uint64_t byte_length;
  bool mappable;
};

Result<VfioDevice> open_vfio_device(const PciDevice& pci);

// The address ranges in the answer to VFIO_IOMMU_GET_INFO, whose capabilities are chained by
// offsets from its start; none when it has no such capability.
std::vector<IoRange> parse_iova_ranges(std::span<const std::byte> info);

// `index` is one of the VFIO_PCI_*_REGION_INDEX values.
Result<VfioRegion> find_vfio_region(const VfioDevice& device, uint32_t index);

}  // namespace nvm

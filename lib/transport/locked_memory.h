// SPDX-License-Identifier: MIT
// Where memory of this process lies in RAM, for devices that no IOMMU translates for.
#pragma once

#include <vector>

#include "memory/buffer.h"
#include "transport/transport.h"

namespace nvm {

// Locks our own memory in RAM; of foreign memory it only checks that its owner has locked it.
// ERR_MEMLOCK.
Status lock_memory(const Buffer& buffer);

// Locks memory of any kind, for as long as it stays mapped there. ERR_MEMLOCK.
Status lock_pages(const Buffer& buffer);

// The physical runs of whole pages of locked memory, from the open file /proc/self/pagemap.
// ERR_PERMISSION when the kernel hides them (no CAP_SYS_ADMIN).
Result<std::vector<IoRun>> find_physical_runs(const Buffer& buffer, int pagemap_fd);

}  // namespace nvm

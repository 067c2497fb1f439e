// SPDX-License-Identifier: MIT
// Physical Region Pages on the device side: from PRP1 and PRP2 to memory (NVMe base 2.0, 4.1.1).
#pragma once

#include <cstdint>

#include "emulator/host_memory.h"

namespace nvm::emulator {

// Fills `transfer` with the memory of `byte_length` bytes. Every address is checked against
// `domain`, every list entry read once. Returns a status: success, Invalid PRP Offset, or Data
// Transfer Error for an address that the queue may not reach; or kListNeeded (host_lists.h).
uint16_t walk_prps(const Domain& domain, uint64_t prp1, uint64_t prp2, uint64_t byte_length,
                   Direction direction, Transfer& transfer, HostLists* lists = nullptr);

}  // namespace nvm::emulator

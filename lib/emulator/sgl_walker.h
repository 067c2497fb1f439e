// SPDX-License-Identifier: MIT
// Scatter Gather Lists on the device side: from a descriptor to memory (NVMe base 2.0, 4.1.2).
#pragma once

#include <cstdint>

#include "emulator/host_memory.h"

namespace nvm::emulator {

// Identify SGLS: descriptors at any byte, bit buckets, metadata at any byte or by a descriptor of
// its own, lists longer than the data. No offsets, no keys.
constexpr uint32_t kSgls = spec::sgls::supported.put(1) | spec::sgls::bit_bucket.put(1) |
                           spec::sgls::mptr_byte_aligned.put(1) | spec::sgls::oversize.put(1) |
                           spec::sgls::mptr_sgl.put(1);

// Descriptors of one list, so that a list that leads back to itself ends.
constexpr uint64_t kSglDescriptorsMax = 65536;

// Fills `transfer` with the memory of `byte_length` bytes that `descriptor` leads to. Every address
// is checked against `domain`, every descriptor read once. `too_short` is the status of a list that
// names less. kListNeeded: see host_lists.h.
uint16_t walk_sgl(const Domain& domain, const spec::SglDescriptor& descriptor, uint64_t byte_length,
                  Direction direction, uint16_t too_short, Transfer& transfer,
                  HostLists* lists = nullptr);

// The same for a list that begins with the descriptor at `address`: metadata that MPTR names.
uint16_t walk_sgl_at(const Domain& domain, uint64_t address, uint64_t byte_length,
                     Direction direction, uint16_t too_short, Transfer& transfer,
                     HostLists* lists = nullptr);

}  // namespace nvm::emulator

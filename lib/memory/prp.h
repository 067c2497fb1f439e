// SPDX-License-Identifier: MIT
// Physical Region Pages on the host side: what goes into PRP1, PRP2 and the list (NVMe
// base 2.0, 4.1.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace nvm {

struct DataPointer {
  uint64_t prp1;
  uint64_t prp2;
};

// Describes `byte_length` bytes that start `offset` bytes into the first page. `page_addresses`
// holds the I/O address of every controller page touched, page-aligned; `list` is the command's PRP
// list memory at `list_address`, contiguous for the device and a multiple of 8. It has
// page_addresses.size() − 1 entries and one more for each page boundary the list crosses. One page:
// PRP1; two: PRP2 is the second page; more: PRP2 points at the list.
DataPointer build_prps(std::span<const uint64_t> page_addresses, uint64_t offset, size_t page_size,
                       std::span<uint64_t> list, uint64_t list_address);

}  // namespace nvm

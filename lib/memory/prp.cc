// SPDX-License-Identifier: MIT
#include "memory/prp.h"

#include <cassert>

namespace nvm {
namespace {

// Writes the list: one entry per page, except that the last entry of a list page points to the next
// list page while more pages remain than it (NVMe base 2.0, 4.1.1).
void write_list(std::span<const uint64_t> page_addresses, size_t page_size,
                std::span<uint64_t> list, uint64_t list_address) {
  const uint64_t page_mask = page_size - 1;
  size_t entry = 0;
  for (size_t page = 0; page < page_addresses.size(); entry++) {
    assert(entry < list.size());
    const uint64_t next_entry_address = list_address + (entry + 1) * sizeof(uint64_t);
    const bool ends_list_page = (next_entry_address & page_mask) == 0;
    if (ends_list_page && page + 1 < page_addresses.size()) {
      list[entry] = next_entry_address;
    } else {
      list[entry] = page_addresses[page++];
    }
  }
}

}  // namespace

DataPointer build_prps(std::span<const uint64_t> page_addresses, uint64_t offset, size_t page_size,
                       std::span<uint64_t> list, uint64_t list_address) {
  assert(!page_addresses.empty() && offset < page_size);
  DataPointer pointer{page_addresses[0] + offset, 0};
  if (page_addresses.size() == 2) {
    pointer.prp2 = page_addresses[1];
  } else if (page_addresses.size() > 2) {
    write_list(page_addresses.subspan(1), page_size, list, list_address);
    pointer.prp2 = list_address;
  }
#if NVM_CANARY_PRP2
  if (pointer.prp2 != 0) pointer.prp2 += page_size;
#endif
  return pointer;
}

}  // namespace nvm

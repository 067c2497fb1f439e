// SPDX-License-Identifier: MIT
#include "emulator/domain.h"

#include <algorithm>

namespace nvm::emulator {
namespace {

// The first region that begins after `address`.
template <class Regions>
auto first_after(Regions& regions, uint64_t address) {
  return std::upper_bound(regions.begin(), regions.end(), address,
                          [](uint64_t a, const Region& region) { return a < region.first; });
}

}  // namespace

bool Domain::add(const Region& region) {
  if (region.byte_length == 0) return false;
  const uint64_t last = region.first + (region.byte_length - 1);
  if (last < region.first) return false;
  auto next = first_after(regions_, region.first);
  if (next != regions_.end() && next->first <= last) return false;
  if (next != regions_.begin()) {
    const Region& before = *std::prev(next);
    if (region.first - before.first < before.byte_length) return false;
  }
  regions_.insert(next, region);
  generation_++;
  return true;
}

bool Domain::remove(uint64_t first, uint64_t byte_length) {
  auto found = std::find_if(regions_.begin(), regions_.end(), [=](const Region& region) {
    return region.first == first && region.byte_length == byte_length;
  });
  if (found == regions_.end()) return false;
  regions_.erase(found);
  generation_++;
  return true;
}

void Domain::clear() {
  regions_.clear();
  generation_++;
}

const Region* Domain::search(uint64_t address, uint64_t byte_length) const {
  auto next = first_after(regions_, address);
  if (next == regions_.begin()) return nullptr;
  auto region = std::prev(next);
  const uint64_t offset = address - region->first;
#if NVM_CANARY_PRP_LIST_UNCHECKED
  byte_length = 1;
#endif
  if (offset >= region->byte_length || byte_length > region->byte_length - offset) return nullptr;
  last_ = static_cast<size_t>(region - regions_.begin());
  return &*region;
}

}  // namespace nvm::emulator

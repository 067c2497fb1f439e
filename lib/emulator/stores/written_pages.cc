// SPDX-License-Identifier: MIT
#include "emulator/stores/written_pages.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "platform/unique_fd.h"

namespace nvm::emulator {
namespace {

constexpr uintptr_t kPageBytes = 4096;

// Linux's PAGEMAP_SCAN, which headers older than 6.7 do not have.
struct PageRegion {
  uint64_t start;
  uint64_t end;
  uint64_t categories;
};

struct PageScan {
  uint64_t size;
  uint64_t flags;
  uint64_t start;
  uint64_t end;
  uint64_t walk_end;
  uint64_t regions;
  uint64_t region_count;
  uint64_t pages_max;
  uint64_t category_inverted;
  uint64_t category_mask;
  uint64_t category_anyof_mask;
  uint64_t return_mask;
};

constexpr unsigned long kScan = _IOWR('f', 16, PageScan);
constexpr uint64_t kPresent = 1 << 3;
constexpr uint64_t kSwapped = 1 << 4;
constexpr uint64_t kZeroPage = 1 << 5;  // was read, and never written

using Regions = std::array<PageRegion, 256>;

// How many of `regions` were filled, -1 when the kernel does not tell; moves `start` to where it
// came.
int scan(int fd, Regions& regions, uint64_t& start, uint64_t end) {
  PageScan request{};
  request.size = sizeof request;
  request.start = start;
  request.end = end;
  request.regions = reinterpret_cast<uintptr_t>(regions.data());
  request.region_count = regions.size();
  request.category_inverted = kZeroPage;
  request.category_mask = kZeroPage;
  request.category_anyof_mask = kPresent | kSwapped;
  request.return_mask = kPresent | kSwapped;
  const int count = ioctl(fd, kScan, &request);
  // Where it makes no progress it is of no use.
  if (count < 0 || request.walk_end <= start) return -1;
  start = request.walk_end;
  return count;
}

UniqueFd open_pagemap() {
  return UniqueFd(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
}

}  // namespace

bool knows_written_pages() {
  const UniqueFd pagemap = open_pagemap();
  Regions regions;
  const uint64_t first = reinterpret_cast<uintptr_t>(&regions) & ~(kPageBytes - 1);
  uint64_t start = first;
  return scan(pagemap.get(), regions, start, first + kPageBytes) >= 0;
}

void for_each_written(std::span<const std::byte> bytes,
                      const std::function<bool(std::span<const std::byte>)>& visit) {
  const UniqueFd pagemap = open_pagemap();
  const uint64_t first = reinterpret_cast<uintptr_t>(bytes.data());
  const uint64_t end = first + bytes.size();
  Regions regions;
  for (uint64_t at = first & ~(kPageBytes - 1); at < end;) {
    const uint64_t from = std::max(at, first);
    const int count = scan(pagemap.get(), regions, at, (end + kPageBytes - 1) & ~(kPageBytes - 1));
    if (count < 0) {
      (void)visit(bytes.subspan(from - first));
      return;
    }
    for (int i = 0; i < count; i++) {
      const PageRegion& region = regions[static_cast<size_t>(i)];
      const uint64_t part = std::max(region.start, first);
      if (!visit(bytes.subspan(part - first, std::min(region.end, end) - part))) return;
    }
  }
}

}  // namespace nvm::emulator

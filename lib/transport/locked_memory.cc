// SPDX-License-Identifier: MIT
#include "transport/locked_memory.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "platform/os_failure.h"
#include "transport/memlock_limit.h"

namespace nvm {
namespace {

// An entry of pagemap: Documentation/admin-guide/mm/pagemap.rst in the kernel's sources.
constexpr uint64_t kPagePresent = 1ull << 63;
constexpr uint64_t kPageFrameMask = (1ull << 55) - 1;

// Whether every page of [first, end) lies in mappings that smaps flags as locked ("lo").
bool is_locked(uintptr_t first, uintptr_t end) {
  std::ifstream smaps("/proc/self/smaps");
  std::string line;
  uintptr_t map_first = 0, map_end = 0;
  while (first < end && std::getline(smaps, line)) {
    if (line.starts_with("VmFlags:")) {
      const bool locked = (line + " ").find(" lo ") != std::string::npos;
      if (locked && map_first <= first && first < map_end) first = map_end;
    } else {
      uintptr_t line_first, line_end;
      if (sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " ", &line_first, &line_end) == 2) {
        map_first = line_first;
        map_end = line_end;
      }
    }
  }
  return first >= end;
}

}  // namespace

Status lock_pages(const Buffer& buffer) {
  // Also touches every page, so that each has its place in RAM.
  if (mlock(buffer.bytes(), buffer.byte_length()) == 0) {
    // Keeps khugepaged from moving the pages after we looked where they are.
    madvise(buffer.bytes(), buffer.byte_length(), MADV_NOHUGEPAGE);
    return {};
  }
  return Status(ErrorCode::Memlock,
                "mlock of " + std::to_string(buffer.byte_length()) +
                    " bytes: " + describe_errno(errno) + "; " + describe_memlock_limit(),
                errno);
}

Status lock_memory(const Buffer& buffer) {
  if (buffer.kind() == MemoryKind::Owned) return lock_pages(buffer);
  const uintptr_t first = reinterpret_cast<uintptr_t>(buffer.bytes());
  if (is_locked(first, first + buffer.byte_length())) return {};
  return Status(ErrorCode::Memlock,
                "without an IOMMU the memory must be locked by its owner (mlock), "
                "or be allocated by the controller");
}

Result<std::vector<IoRun>> find_physical_runs(const Buffer& buffer, int pagemap_fd) {
  const size_t page_size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t first_page = reinterpret_cast<uintptr_t>(buffer.bytes()) / page_size;
  const size_t page_count = (buffer.byte_length() + page_size - 1) / page_size;
  std::vector<IoRun> runs;
  std::array<uint64_t, 512> entries;
  for (size_t done = 0; done < page_count;) {
    const size_t count = std::min(entries.size(), page_count - done);
    const off_t offset = static_cast<off_t>((first_page + done) * sizeof(uint64_t));
    const ssize_t got = pread(pagemap_fd, entries.data(), count * sizeof(uint64_t), offset);
    if (got < 0) return os_failure("read /proc/self/pagemap", errno);
    if (static_cast<size_t>(got) != count * sizeof(uint64_t)) {
      return Status(ErrorCode::Memory, "/proc/self/pagemap ends before the memory does");
    }
    for (size_t i = 0; i < count; i++) {
      if (!(entries[i] & kPagePresent)) {
        return Status(ErrorCode::Memory, "a locked page is not in RAM");
      }
      const uint64_t address = (entries[i] & kPageFrameMask) * page_size;
      if (address == 0) {
        return Status(ErrorCode::Permission,
                      "the kernel hides physical addresses (/proc/self/pagemap) without "
                      "CAP_SYS_ADMIN; run as root, or bind the device to vfio-pci");
      }
      if (!runs.empty() && runs.back().io_address + runs.back().byte_length == address) {
        runs.back().byte_length += page_size;
      } else {
        runs.push_back({address, page_size});
      }
    }
    done += count;
  }
  return runs;
}

}  // namespace nvm

// SPDX-License-Identifier: MIT
#include "capi/named_memory.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <span>
#include <vector>

#include "capi/handles.h"

namespace nvm::capi {
namespace {

using Memories = std::vector<std::shared_ptr<DmaDescriptor>>;

// Pages of a PRP list, the entries of which name 2 MiB each.
constexpr size_t kListPagesMax = 64;

struct Remembered {
  std::mutex mutex;
  std::vector<std::weak_ptr<DmaDescriptor>> list;
};

// Leaked, so that static destructors find it.
Remembered& remembered() {
  static auto* const all = new Remembered;
  return *all;
}

Memories living() {
  Memories memories;
  std::lock_guard lock(remembered().mutex);
  for (const auto& each : remembered().list) {
    if (auto memory = each.lock()) memories.push_back(std::move(memory));
  }
  return memories;
}

// The offset in `memory` of `io_address`, or its byte length.
size_t offset_of(const DmaDescriptor& memory, uint64_t io_address) {
  size_t offset = 0;
  for (const IoRun& run : memory.runs()) {
    if (io_address - run.io_address < run.byte_length)
      return offset + (io_address - run.io_address);
    offset += run.byte_length;
  }
  return memory.byte_length();
}

// Adds the memory at `io_address`, of every controller that has some there.
void keep(uint64_t io_address, const Memories& from, Memories& kept) {
  if (io_address == 0) return;
  for (const auto& memory : from) {
    if (offset_of(*memory, io_address) == memory->byte_length()) continue;
    if (std::find(kept.begin(), kept.end(), memory) == kept.end()) kept.push_back(memory);
  }
}

// The bytes from there to the end of their page, of the same controllers, where this process can
// read them.
std::vector<std::span<const std::byte>> pages_at(uint64_t io_address, const Memories& in) {
  std::vector<std::span<const std::byte>> pages;
  for (const auto& memory : in) {
    const size_t offset = offset_of(*memory, io_address);
    if (offset == memory->byte_length() || memory->bytes() == nullptr) continue;
    pages.push_back({memory->bytes() + offset, kPageSize - offset % kPageSize});
  }
  return pages;
}

}  // namespace

void remember_memory(const std::shared_ptr<DmaDescriptor>& memory) {
  std::lock_guard lock(remembered().mutex);
  std::erase_if(remembered().list, [](const auto& each) { return each.expired(); });
  remembered().list.push_back(memory);
}

std::shared_ptr<const void> memory_named_by(const spec::SubmissionQueueEntry& command) {
  if (command.prp1 == 0 && command.prp2 == 0) return nullptr;
  const Memories memories = living();
  auto kept = std::make_shared<Memories>();
  keep(command.prp1, memories, *kept);
  keep(command.prp2, memories, *kept);
  std::vector<uint64_t> lists{command.prp2};
  for (size_t i = 0; i < std::min(lists.size(), kListPagesMax); i++) {
    for (const auto page : pages_at(lists[i], memories)) {
      uint64_t entry = 0;
      for (size_t at = 0; at + sizeof entry <= page.size(); at += sizeof entry) {
        std::memcpy(&entry, page.data() + at, sizeof entry);
        keep(entry, memories, *kept);
      }
      lists.push_back(entry);  // the last one may be the address of the next page of the list
    }
  }
  return kept;
}

}  // namespace nvm::capi

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
constexpr int kListPagesMax = 64;

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

// Adds the memory at `io_address`, of every controller that has some there; returns its bytes to
// the end of their page, none where there is no such memory or this process cannot read it.
std::span<const std::byte> keep(uint64_t io_address, const Memories& from, Memories& kept) {
  std::span<const std::byte> bytes;
  if (io_address == 0) return bytes;
  for (const auto& memory : from) {
    const size_t offset = offset_of(*memory, io_address);
    if (offset >= memory->byte_length()) continue;
    if (std::find(kept.begin(), kept.end(), memory) == kept.end()) kept.push_back(memory);
    if (memory->bytes() == nullptr) continue;
    bytes = {memory->bytes() + offset, kPageSize - offset % kPageSize};
  }
  return bytes;
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
  uint64_t next = command.prp2;
  for (int pages = 0; pages < kListPagesMax; pages++) {
    const auto list = keep(next, memories, *kept);
    if (list.size() < sizeof next) break;
    for (size_t at = 0; at + sizeof next <= list.size(); at += sizeof next) {
      std::memcpy(&next, list.data() + at, sizeof next);
      keep(next, memories, *kept);
    }
  }
  return kept;
}

}  // namespace nvm::capi

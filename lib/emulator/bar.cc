// SPDX-License-Identifier: MIT
#include "emulator/bar.h"

#include <sys/mman.h>

#include <cstdlib>

#include "platform/sealed_memory.h"

namespace nvm::emulator {

Bar::Bar() : fd_(make_published_memory("peernvm-bar", kBarByteLength, &bytes_)) {
  if (!fd_.valid()) {
    void* bytes =
        mmap(nullptr, kBarByteLength, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) abort();  // three pages are not to be had, as when `new` fails
    bytes_ = static_cast<std::byte*>(bytes);
  }
  doorbells_ = reinterpret_cast<uint32_t*>(bytes_ + kDoorbellOffset);
}

Bar::~Bar() {
  munmap(bytes_, kBarByteLength);
}

UniqueFd Bar::share_doorbells() {
  constexpr size_t kLength = kSleepingOffset - kDoorbellOffset;
  UniqueFd fd = make_sealed_memory("peernvm-doorbells", kSleepingOffset);
  if (!fd.valid() || pwrite(fd.get(), doorbells_, kLength, kDoorbellOffset) != ssize_t{kLength} ||
      mmap(doorbells_, kLength, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd.get(),
           kDoorbellOffset) == MAP_FAILED) {
    return {};
  }
  return fd;
}

std::atomic<uint32_t>& Bar::sleeping() {
  return *reinterpret_cast<std::atomic<uint32_t>*>(bytes_ + kSleepingOffset);
}

NamespaceChanges& Bar::namespace_changes() {
  return *reinterpret_cast<NamespaceChanges*>(bytes_ + kNamespaceChangesOffset);
}

void Bar::show32(uint32_t offset, uint32_t value) {
  auto& word = *reinterpret_cast<uint32_t*>(bytes_ + offset);
  std::atomic_ref<uint32_t>(word).store(value, std::memory_order_release);
}

void Bar::show64(uint32_t offset, uint64_t value) {
  auto& word = *reinterpret_cast<uint64_t*>(bytes_ + offset);
  std::atomic_ref<uint64_t>(word).store(value, std::memory_order_release);
}

void Bar::ring(uint32_t index, uint32_t value) {
  std::atomic_ref<uint32_t>(doorbells_[index]).store(value, std::memory_order_release);
}

void Bar::clear_doorbells() {
  for (uint32_t index = 0; index < kDoorbellCount; index++) ring(index, 0);
}

}  // namespace nvm::emulator

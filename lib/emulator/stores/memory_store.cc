// SPDX-License-Identifier: MIT
#include "emulator/stores/memory_store.h"

#include <errno.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "emulator/stores/operation_worker.h"
#include "platform/os_failure.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kHugePageBytes = 2ull << 20;
constexpr uint64_t kPageBytes = 4096;
// More than this is deallocated on a worker: a step must stay short.
constexpr uint64_t kDeallocateNowBytesMax = 1ull << 20;

uintptr_t round_up(uintptr_t address, uint64_t granule) {
  return (address + granule - 1) & ~(granule - 1);
}

bool is_zero(const std::byte* bytes, size_t byte_length) {
  return bytes[0] == std::byte{0} && memcmp(bytes, bytes + 1, byte_length - 1) == 0;
}

// Reading a page that was never written costs no memory, writing zeroes to it would.
void zero_what_is_not(std::byte* first, std::byte* end) {
  while (first < end) {
    const uintptr_t page_end = round_up(reinterpret_cast<uintptr_t>(first) + 1, kPageBytes);
    const size_t length = std::min<size_t>(page_end - reinterpret_cast<uintptr_t>(first),
                                           static_cast<size_t>(end - first));
    if (!is_zero(first, length)) memset(first, 0, length);
    first += length;
  }
}

// Whole huge pages only: a part of one would leave it split, and the kernel collapses such parts
// again, with new memory.
void deallocate(std::byte* first, uint64_t byte_length) {
  std::byte* end = first + byte_length;
  auto* huge_first =
      reinterpret_cast<std::byte*>(round_up(reinterpret_cast<uintptr_t>(first), kHugePageBytes));
  auto* huge_end =
      reinterpret_cast<std::byte*>(reinterpret_cast<uintptr_t>(end) & ~(kHugePageBytes - 1));
  if (huge_first >= huge_end ||
      madvise(huge_first, static_cast<size_t>(huge_end - huge_first), MADV_DONTNEED) != 0) {
    // No huge page in it, or a process that locks its memory.
    return zero_what_is_not(first, end);
  }
  zero_what_is_not(first, huge_first);
  zero_what_is_not(huge_end, end);
}

class MemoryStore final : public Store {
 public:
  MemoryStore(void* mapping, size_t mapping_byte_length, std::byte* bytes, uint64_t byte_length)
      : mapping_(mapping),
        mapping_byte_length_(mapping_byte_length),
        bytes_(bytes),
        byte_length_(byte_length) {}
  ~MemoryStore() override {
    worker_.finish();
    munmap(mapping_, mapping_byte_length_);
  }

  uint64_t byte_length() const override { return byte_length_; }
  bool read_only() const override { return false; }
  std::byte* bytes() override { return bytes_; }
  bool may_fault() const override { return false; }
  void set_completion_hook(std::function<void()> hook) override {
    worker_.set_completion_hook(std::move(hook));
  }
  // Memory is as durable as it gets.
  Progress begin_flush(Operation&) override { return Progress::Done; }

  Progress begin_deallocate(Operation& operation, uint64_t offset, uint64_t byte_length) override {
    std::byte* first = bytes_ + offset;
    if (byte_length <= kDeallocateNowBytesMax) {
      zero_what_is_not(first, first + byte_length);
      return Progress::Done;
    }
    return worker_.begin(operation, [first, byte_length] {
      deallocate(first, byte_length);
      return 0;
    });
  }

 private:
  void* mapping_;
  size_t mapping_byte_length_;
  std::byte* bytes_;
  uint64_t byte_length_;
  OperationWorker worker_;
};

}  // namespace

Result<std::unique_ptr<Store>> make_memory_store(uint64_t byte_length) {
  if (byte_length == 0) return Status(ErrorCode::Argument, "a memory store of 0 bytes");
  if (byte_length > UINT64_MAX / 2) return Status(ErrorCode::Memory, "more than 2^63 bytes");
  // One huge page more than asked, so that the store can begin on a huge page boundary.
  const size_t mapping_byte_length = byte_length + kHugePageBytes;
  void* mapping = mmap(nullptr, mapping_byte_length, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) {
    return Status(ErrorCode::Memory,
                  std::to_string(byte_length) + " bytes for the store: " + describe_errno(errno),
                  errno);
  }
  auto* bytes =
      reinterpret_cast<std::byte*>(round_up(reinterpret_cast<uintptr_t>(mapping), kHugePageBytes));
  // Without huge pages it works as well, only slower; so a refusal is no failure.
  (void)madvise(bytes, byte_length, MADV_HUGEPAGE);
  return std::unique_ptr<Store>(
      std::make_unique<MemoryStore>(mapping, mapping_byte_length, bytes, byte_length));
}

}  // namespace nvm::emulator

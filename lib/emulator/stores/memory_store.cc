// SPDX-License-Identifier: MIT
#include "emulator/stores/memory_store.h"

#include <errno.h>
#include <sys/mman.h>

#include "platform/os_failure.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kHugePageBytes = 2ull << 20;

class MemoryStore final : public Store {
 public:
  MemoryStore(void* mapping, size_t mapping_byte_length, std::byte* bytes, uint64_t byte_length)
      : mapping_(mapping),
        mapping_byte_length_(mapping_byte_length),
        bytes_(bytes),
        byte_length_(byte_length) {}
  ~MemoryStore() override { munmap(mapping_, mapping_byte_length_); }

  uint64_t byte_length() const override { return byte_length_; }
  bool read_only() const override { return false; }
  std::byte* bytes() override { return bytes_; }
  bool may_fault() const override { return false; }
  // Memory is as durable as it gets.
  Progress begin_flush(StoreOperation&) override { return Progress::Done; }

 private:
  void* mapping_;
  size_t mapping_byte_length_;
  std::byte* bytes_;
  uint64_t byte_length_;
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
  const uintptr_t first = reinterpret_cast<uintptr_t>(mapping);
  auto* bytes = reinterpret_cast<std::byte*>((first + kHugePageBytes - 1) & ~(kHugePageBytes - 1));
  // Without huge pages it works as well, only slower; so a refusal is no failure.
  (void)madvise(bytes, byte_length, MADV_HUGEPAGE);
  return std::unique_ptr<Store>(
      std::make_unique<MemoryStore>(mapping, mapping_byte_length, bytes, byte_length));
}

}  // namespace nvm::emulator

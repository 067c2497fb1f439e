// SPDX-License-Identifier: MIT
#include "transport/shared_registers.h"

#include <sys/mman.h>

#include <atomic>

#include "platform/sealed_memory.h"

namespace nvm {
namespace {

constexpr size_t kPageBytes = 4096;  // doorbells begin behind it (NVMe over PCIe transport 1.0)
// The word that says "call ring_wake", in the last place of that page, where no register is.
constexpr uint32_t kSleepingOffset = kPageBytes - sizeof(uint32_t);

template <class T>
void store_at(std::byte* place, uint64_t value) {
  std::atomic_ref<T>(*reinterpret_cast<T*>(place))
      .store(static_cast<T>(value), std::memory_order_release);
}

}  // namespace

Result<std::unique_ptr<SharedRegisters>> SharedRegisters::make(size_t doorbell_byte_length) {
  std::byte* bytes = nullptr;
  UniqueFd file =
      make_published_memory("peernvm-registers", kPageBytes + doorbell_byte_length, &bytes);
  if (!file.valid()) {
    return Status(ErrorCode::Memory, "memory that processes share (memfd_create), for registers");
  }
  return std::unique_ptr<SharedRegisters>(
      new SharedRegisters(std::move(file), bytes, doorbell_byte_length));
}

SharedRegisters::SharedRegisters(UniqueFd file, std::byte* bytes, size_t doorbell_byte_length)
    : file_(std::move(file)), bytes_(bytes), doorbell_byte_length_(doorbell_byte_length) {
  store_at<uint32_t>(bytes_ + kSleepingOffset, 1);
}

SharedRegisters::~SharedRegisters() {
  munmap(bytes_, kPageBytes + doorbell_byte_length_);
}

void SharedRegisters::store(uint32_t offset, uint64_t value, uint32_t byte_length) {
  if (offset % byte_length != 0 || offset + byte_length > kSleepingOffset) return;
  std::lock_guard lock(mutex_);
  if (ended_) return;
  if (byte_length == sizeof(uint64_t)) return store_at<uint64_t>(bytes_ + offset, value);
  store_at<uint32_t>(bytes_ + offset, value);
}

void SharedRegisters::end() {
  std::lock_guard lock(mutex_);
  ended_ = true;
  for (size_t at = 0; at < kPageBytes; at += sizeof(uint64_t)) {
    store_at<uint64_t>(bytes_ + at, UINT64_MAX);
  }
}

BarShare SharedRegisters::share(int doorbell_fd, uint64_t doorbell_offset, bool always_rung) const {
  BarShare share;
  share.bar_fd = file_.get();
  share.bar_byte_length = kPageBytes + doorbell_byte_length_;
  share.doorbell_fd = doorbell_fd;
  share.doorbell_offset = doorbell_offset;
  share.doorbell_byte_length = doorbell_byte_length_;
  share.sleeping_offset = always_rung ? kSleepingOffset : 0;
  return share;
}

}  // namespace nvm

// SPDX-License-Identifier: MIT
#include "transport/mmio_bar.h"

#include <errno.h>
#include <sys/mman.h>

#include <algorithm>

#include "platform/os_failure.h"
#include "spec/nvme.h"

namespace nvm {
namespace {

constexpr uint32_t kDoorbellOffset = 0x1000;  // NVMe over PCIe transport 1.0, 3.1.2
constexpr size_t kBarByteLengthMin = 0x2000;
constexpr uint32_t kAllOnes = UINT32_MAX;
constexpr uint64_t kQueueIdsMax = 1u << 16;

}  // namespace

Result<std::unique_ptr<MmioBar>> MmioBar::map(int fd, off_t offset, size_t byte_length,
                                              const std::string& what) {
  if (byte_length < kBarByteLengthMin) {
    return Status(ErrorCode::Unsupported, what + " has " + std::to_string(byte_length) +
                                              " bytes; a controller's has at least 8192");
  }
  void* bytes = mmap(nullptr, byte_length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
  if (bytes == MAP_FAILED) return os_failure("mmap " + what, errno);
  std::unique_ptr<MmioBar> bar(new MmioBar(static_cast<volatile uint32_t*>(bytes), byte_length));
  if (bar->read32(spec::registers::vs) == kAllOnes) {
    return Status(ErrorCode::ControllerGone, what);
  }
  return bar;
}

MmioBar::~MmioBar() {
  munmap(const_cast<uint32_t*>(words_), byte_length_);
}

uint32_t MmioBar::read32(uint32_t offset) const {
  return offset + sizeof(uint32_t) <= byte_length_ ? words_[offset / sizeof(uint32_t)] : kAllOnes;
}

// 64-bit registers as two accesses, low half first: not every root port passes wider ones on whole.
uint64_t MmioBar::read64(uint32_t offset) const {
  const uint64_t low = read32(offset);
  const uint64_t high = read32(offset + sizeof(uint32_t));
  return high << 32 | low;
}

void MmioBar::write32(uint32_t offset, uint32_t value) {
  if (offset + sizeof(uint32_t) <= byte_length_) words_[offset / sizeof(uint32_t)] = value;
}

void MmioBar::write64(uint32_t offset, uint64_t value) {
  write32(offset, static_cast<uint32_t>(value));
  write32(offset + sizeof(uint32_t), static_cast<uint32_t>(value >> 32));
}

Doorbells MmioBar::doorbells() const {
  Doorbells doorbells;
  doorbells.base = words_ + kDoorbellOffset / sizeof(uint32_t);
  doorbells.byte_length = byte_length_ - kDoorbellOffset;
  doorbells.stride_bytes = 4u << spec::cap::dstrd.get(read64(spec::registers::cap));
  doorbells.uncached = true;
  return doorbells;
}

BarShare MmioBar::share(int fd, uint64_t offset) const {
  const Doorbells doorbells = this->doorbells();
  BarShare share;
  share.bar_fd = share.doorbell_fd = fd;
  share.bar_offset = offset;
  share.doorbell_offset = offset + kDoorbellOffset;
  share.doorbell_byte_length =
      std::min<uint64_t>(doorbells.byte_length, 2 * kQueueIdsMax * doorbells.stride_bytes);
  share.bar_byte_length = kDoorbellOffset + share.doorbell_byte_length;
  return share;
}

}  // namespace nvm

// SPDX-License-Identifier: MIT
// BAR0 of an emulated controller as memory that other processes can map.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "platform/namespace_changes.h"
#include "platform/unique_fd.h"

namespace nvm::emulator {

// Page 0 registers (a view kept current), page 1 doorbells (DSTRD 0), page 2 what only hosts that
// share our memory see: the `sleeping` word, and how often namespaces have changed.
constexpr size_t kBarByteLength = 0x3000;
constexpr size_t kDoorbellOffset = 0x1000;
constexpr size_t kSleepingOffset = 0x2000;
constexpr size_t kNamespaceChangesOffset = 0x2400;
constexpr uint32_t kDoorbellCount = (kSleepingOffset - kDoorbellOffset) / sizeof(uint32_t);

class Bar {
 public:
  Bar();
  ~Bar();
  Bar(const Bar&) = delete;
  Bar& operator=(const Bar&) = delete;

  std::byte* bytes() { return bytes_; }
  // For clients of the controller's owner, who can only read it; −1 where the system gives no such
  // memory: then only this process can use the device.
  int fd() const { return fd_.get(); }
  // Moves the doorbells to a new file, at kDoorbellOffset, with nothing else in it: for a client
  // that must not reach the other pages. Whoever has mapped the file before, or fd(), rings nothing
  // any more. Not valid when the system refuses: then nothing has moved.
  UniqueFd share_doorbells();
  std::atomic<uint32_t>& sleeping();
  NamespaceChanges& namespace_changes();

  // Shows a register to hosts that look at page 0.
  void show32(uint32_t offset, uint32_t value);
  void show64(uint32_t offset, uint64_t value);

  // Acquires what the host stored before it rang.
  uint32_t doorbell(uint32_t index) const {
    return std::atomic_ref<uint32_t>(doorbells_[index]).load(std::memory_order_acquire);
  }
  // Where the doorbell is, for as long as the Bar.
  uint32_t* doorbell_word(uint32_t index) { return &doorbells_[index]; }
  void ring(uint32_t index, uint32_t value);
  void clear_doorbells();

 private:
  std::byte* bytes_ = nullptr;
  UniqueFd fd_;
  uint32_t* doorbells_;
};

}  // namespace nvm::emulator

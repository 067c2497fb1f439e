// SPDX-License-Identifier: MIT
#include "binding/admin_memory.h"

#include <utility>

namespace nvm::binding {

std::shared_ptr<DmaDescriptor> AdminMemory::take() {
  std::lock_guard lock(mutex_);
  if (kept_.empty()) return nullptr;
  std::shared_ptr<DmaDescriptor> piece = std::move(kept_.back());
  kept_.pop_back();
  return piece;
}

void AdminMemory::give_back(std::shared_ptr<DmaDescriptor> piece) {
  std::lock_guard lock(mutex_);
  if (!closed_ && kept_.size() < kKeptMax) kept_.push_back(std::move(piece));
}

void AdminMemory::close() {
  std::vector<std::shared_ptr<DmaDescriptor>> released;  // unmapped after the lock is let go
  std::lock_guard lock(mutex_);
  closed_ = true;
  released.swap(kept_);
}

}  // namespace nvm::binding

// SPDX-License-Identifier: MIT
// Memory for the data of admin commands that is used again and again: to make some that the device
// reaches takes longer than most commands.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "memory/dma_descriptor.h"

namespace nvm::binding {

class AdminMemory {
 public:
  static constexpr size_t kPieceBytes = 20 << 10;  // four pages of data, and their list

  // A piece that nobody uses; null when there is none.
  std::shared_ptr<DmaDescriptor> take();
  // One of kPieceBytes that the device has done with, for the next command. A few are kept.
  void give_back(std::shared_ptr<DmaDescriptor> piece);
  // Nothing is kept any more. Blocks for as long as unmapping takes.
  void close();

 private:
  static constexpr size_t kKeptMax = 4;
  std::mutex mutex_;
  std::vector<std::shared_ptr<DmaDescriptor>> kept_;
  bool closed_ = false;
};

}  // namespace nvm::binding

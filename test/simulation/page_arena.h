// SPDX-License-Identifier: MIT
// Host memory for the data of commands, handed out page by page in any order, so that nothing is
// contiguous for the device. Pages in nobody's hands hold a pattern that must stay.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "memory/dma_descriptor.h"
#include "random.h"

namespace nvm::simulation {

constexpr size_t kPageBytes = 4096;
constexpr std::byte kPoison{0xa5};

class PageArena {
 public:
  PageArena(std::shared_ptr<DmaDescriptor> memory, Random& random);

  // `count` pages; none when there are not as many.
  std::vector<uint32_t> take(size_t count);
  void give(const std::vector<uint32_t>& pages);

  std::byte* page(uint32_t index) { return memory_->bytes() + index * kPageBytes; }
  uint64_t io_address(uint32_t index) const { return memory_->io_address(index * kPageBytes); }

  // Copies between flat bytes and pages, from `offset` in the first page on.
  void write(const std::vector<uint32_t>& pages, size_t offset, const std::byte* from,
             size_t byte_length);
  void read(const std::vector<uint32_t>& pages, size_t offset, std::byte* to, size_t byte_length);
  // True when everything around [offset, offset + byte_length) is as it was handed out.
  bool margins_intact(const std::vector<uint32_t>& pages, size_t offset, size_t byte_length);
  bool all_returned() const { return free_.size() == used_; }
  // True when no page that is in nobody's hands was written to.
  bool free_pages_intact();

 private:
  std::shared_ptr<DmaDescriptor> memory_;
  Random& random_;
  std::vector<uint32_t> free_;
  uint32_t used_ = 0;  // pages from here on were never handed out, and are zero
};

}  // namespace nvm::simulation

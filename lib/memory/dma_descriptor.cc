// SPDX-License-Identifier: MIT
#include "memory/dma_descriptor.h"

#include <algorithm>
#include <cassert>
#include <mutex>
#include <utility>

namespace nvm {
namespace {

// Memory whose mapping could not be ended: a device may still reach it, so it stays until the
// process ends. Never destroyed, and reachable, so that a leak checker sees that it is meant.
void keep_for_ever(std::shared_ptr<Transport> transport, std::shared_ptr<Buffer> buffer) {
  static std::mutex mutex;
  static auto* kept =
      new std::vector<std::pair<std::shared_ptr<Transport>, std::shared_ptr<Buffer>>>;
  std::lock_guard lock(mutex);
  kept->emplace_back(std::move(transport), std::move(buffer));
}

}  // namespace

Result<std::shared_ptr<DmaDescriptor>> DmaDescriptor::map(std::shared_ptr<Transport> transport,
                                                          std::shared_ptr<Buffer> buffer) {
  Result<Mapping> mapping = transport->map(*buffer);
  if (!mapping.ok()) return std::move(mapping.status());
  return std::shared_ptr<DmaDescriptor>(
      new DmaDescriptor(std::move(transport), std::move(buffer), std::move(mapping.value())));
}

DmaDescriptor::DmaDescriptor(std::shared_ptr<Transport> transport, std::shared_ptr<Buffer> buffer,
                             Mapping mapping)
    : transport_(std::move(transport)), buffer_(std::move(buffer)), mapping_(std::move(mapping)) {
  uint64_t offset = 0;
  run_offsets_.reserve(mapping_.runs.size());
  for (const IoRun& run : mapping_.runs) {
    run_offsets_.push_back(offset);
    offset += run.byte_length;
  }
  assert(offset >= buffer_->byte_length() || transport_ == nullptr);
}

std::shared_ptr<DmaDescriptor> DmaDescriptor::unreached(std::shared_ptr<Buffer> buffer) {
  return std::shared_ptr<DmaDescriptor>(new DmaDescriptor(nullptr, std::move(buffer), {}));
}

DmaDescriptor::~DmaDescriptor() {
  if (transport_ == nullptr) return;
  if (!process_.is_inherited() && transport_->unmap(mapping_).ok()) return;
  keep_for_ever(std::move(transport_), std::move(buffer_));
}

uint64_t DmaDescriptor::io_address(size_t offset) const {
  assert(offset < byte_length());
  if (run_offsets_.size() == 1) return mapping_.runs[0].io_address + offset;
  auto next = std::upper_bound(run_offsets_.begin(), run_offsets_.end(), offset);
  const size_t run = static_cast<size_t>(next - run_offsets_.begin()) - 1;
  return mapping_.runs[run].io_address + (offset - run_offsets_[run]);
}

}  // namespace nvm

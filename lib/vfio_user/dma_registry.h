// SPDX-License-Identifier: MIT
// The client's memory: what it has mapped for DMA, as regions of the controller's domain. Owns the
// mappings. Used with the device's baton held, so that no step is using a region while it goes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "emulator/domain.h"
#include "platform/unique_fd.h"
#include "vfio_user/message.h"
#include "vfio_user/remote_memory.h"

namespace nvm::vfio_user {

class DmaRegistry {
 public:
  DmaRegistry(emulator::Domain& domain, RemoteMemory& remote) : domain_(domain), remote_(remote) {}
  ~DmaRegistry() { clear(); }
  DmaRegistry(const DmaRegistry&) = delete;
  DmaRegistry& operator=(const DmaRegistry&) = delete;

  // Adds the region that `body` describes. Without a valid `fd` its memory is reached by messages.
  // 0, or an errno: EEXIST when it overlaps another region, ENOSPC when there are too many, EINVAL
  // when `fd` is not memory of that size.
  int map(const DmaMapBody& body, const UniqueFd& fd);
  // Removes exactly the region that `body` describes, or all. 0, or ENOENT.
  int unmap(const DmaUnmapBody& body);
  void clear();

  size_t region_count() const { return mappings_.size(); }

 private:
  struct Mapping {
    std::byte* bytes;  // null: reached by messages
    uint64_t byte_length;
  };

  emulator::Domain& domain_;
  RemoteMemory& remote_;
  std::map<uint64_t, Mapping> mappings_;  // by address
};

}  // namespace nvm::vfio_user

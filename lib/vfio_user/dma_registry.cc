// SPDX-License-Identifier: MIT
#include "vfio_user/dma_registry.h"

#include <sys/mman.h>

#include <cerrno>

#include "vfio_user/memory_file.h"

namespace nvm::vfio_user {
namespace {

int protection(uint32_t flags) {
  return (flags & dma_flag::read ? PROT_READ : 0) | (flags & dma_flag::write ? PROT_WRITE : 0);
}

}  // namespace

int DmaRegistry::map(const DmaMapBody& body, const UniqueFd& fd) {
  if (mappings_.size() >= kDmaRegionsMax) return ENOSPC;
  std::byte* bytes = nullptr;
  if (fd.valid()) {
    // Any other file could keep the thread waiting that steps the device.
    if (!is_memory_file(fd.get(), body.offset + body.byte_length)) return EINVAL;
    void* mapped = mmap(nullptr, body.byte_length, protection(body.flags), MAP_SHARED, fd.get(),
                        static_cast<off_t>(body.offset));
    if (mapped == MAP_FAILED) return errno;
    bytes = static_cast<std::byte*>(mapped);
  }
  emulator::Region region{body.address,
                          body.byte_length,
                          bytes,
                          /*may_fault=*/true,
                          (body.flags & dma_flag::write) != 0,
                          bytes == nullptr ? &remote_ : nullptr};
  if (!domain_.add(region)) {
    if (bytes != nullptr) munmap(bytes, body.byte_length);
    return EEXIST;
  }
  mappings_[body.address] = Mapping{bytes, body.byte_length};
  return 0;
}

int DmaRegistry::unmap(const DmaUnmapBody& body) {
  if (body.flags == dma_flag::unmap_all) {
    clear();
    return 0;
  }
  auto found = mappings_.find(body.address);
  if (found == mappings_.end() || found->second.byte_length != body.byte_length) return ENOENT;
  domain_.remove(body.address, body.byte_length);
  if (found->second.bytes != nullptr) {
    munmap(found->second.bytes, found->second.byte_length);
  } else {
    remote_.unmap(found->first, found->second.byte_length);
  }
  mappings_.erase(found);
  return 0;
}

void DmaRegistry::clear() {
  domain_.clear();
  remote_.unmap_all();
  for (const auto& [address, mapping] : mappings_) {
    if (mapping.bytes != nullptr) munmap(mapping.bytes, mapping.byte_length);
  }
  mappings_.clear();
}

}  // namespace nvm::vfio_user

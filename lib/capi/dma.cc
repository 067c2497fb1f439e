// SPDX-License-Identifier: MIT
// nvm_dma.h.
#include <nvm_dma.h>
#include <unistd.h>

#include <cstdlib>
#include <new>
#include <string>

#include "capi/handles.h"
#include "capi/named_memory.h"

namespace nvm::capi {

static_assert(sizeof(DmaHandle) % alignof(nvm_dma_t) == 0, "the public part follows, aligned");

DmaHandle& DmaHandle::of(const nvm_dma_t* map) {
  auto* bytes = reinterpret_cast<std::byte*>(const_cast<nvm_dma_t*>(map));
  return *reinterpret_cast<DmaHandle*>(bytes - sizeof(DmaHandle));
}

namespace {

// A descriptor with room for `page_count` addresses; null when there is no memory.
nvm_dma_t* make_map(std::shared_ptr<DmaDescriptor> memory, void* vaddr, size_t page_count) {
  const size_t byte_length = sizeof(DmaHandle) + sizeof(nvm_dma_t) + page_count * sizeof(uint64_t);
  const size_t alignment = alignof(DmaHandle);
  void* bytes =
      std::aligned_alloc(alignment, (byte_length + alignment - 1) / alignment * alignment);
  if (bytes == nullptr) return nullptr;
  new (bytes) DmaHandle{std::move(memory)};
  auto* map = new (static_cast<std::byte*>(bytes) + sizeof(DmaHandle)) nvm_dma_t;
  map->vaddr = vaddr;
  map->page_size = kPageSize;
  map->n_ioaddrs = page_count;
  return map;
}

int out_of_memory() {
  return report(Status(ErrorCode::Memory, "for a DMA descriptor"));
}

int give(nvm_dma_t** map, Result<std::shared_ptr<DmaDescriptor>> mapped) {
  if (!mapped.ok()) return report(mapped.status());
  DmaDescriptor& memory = *mapped.value();
  const size_t page_count = memory.byte_length() / kPageSize;
  nvm_dma_t* made = make_map(mapped.value(), memory.bytes(), page_count);
  if (made == nullptr) return out_of_memory();
  for (size_t page = 0; page < page_count; page++) {
    made->ioaddrs[page] = memory.io_address(page * kPageSize);
  }
  *map = made;
  return 0;
}

// Bytes in whole pages; 0 when there are none or too many.
size_t whole_pages(size_t byte_length) {
  return byte_length > SIZE_MAX - kPageSize ? 0
                                            : (byte_length + kPageSize - 1) / kPageSize * kPageSize;
}

// Bytes: more is granted, and then the list of its addresses alone takes what there is.
size_t installed_memory() {
  return static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

int no_size() {
  return report(Status(ErrorCode::Range, "the size of memory to map is 0 or too large"));
}

}  // namespace

}  // namespace nvm::capi

using nvm::Buffer;
using nvm::DmaDescriptor;
using nvm::ErrorCode;
using nvm::Status;
using nvm::capi::ControllerHandle;
using nvm::capi::DmaHandle;
using nvm::capi::kPageSize;

extern "C" int nvm_dma_map(nvm_dma_t** map, const nvm_ctrl_t* ctrl, void* vaddr, size_t page_size,
                           size_t n_pages, const uint64_t* page_addrs) {
  *map = nullptr;
  if (page_size == 0 || page_size % kPageSize != 0 ||
      reinterpret_cast<uintptr_t>(vaddr) % kPageSize != 0) {
    return nvm::capi::report(
        Status(ErrorCode::Alignment, "memory to map, to 4096-byte controller pages"));
  }
  const size_t split = page_size / kPageSize;
  constexpr size_t kPagesMax = size_t{1} << 36;  // 2^48 bytes
  if (n_pages == 0 || n_pages > kPagesMax / split) return nvm::capi::no_size();
  for (size_t page = 0; page < n_pages; page++) {
    if (page_addrs[page] % kPageSize != 0) {
      return nvm::capi::report(Status(ErrorCode::Alignment, "a page's address, to 4096 bytes"));
    }
  }
  nvm_dma_t* made = nvm::capi::make_map(nullptr, vaddr, n_pages * split);
  if (made == nullptr) return nvm::capi::out_of_memory();
  for (size_t page = 0; page < made->n_ioaddrs; page++) {
    made->ioaddrs[page] = page_addrs[page / split] + page % split * kPageSize;
  }
  *map = made;
  return 0;
}

extern "C" int nvm_dma_map_host(nvm_dma_t** map, const nvm_ctrl_t* ctrl, void* vaddr, size_t size) {
  *map = nullptr;
  const size_t byte_length = nvm::capi::whole_pages(size);
  if (byte_length == 0) return nvm::capi::no_size();
  if (vaddr == nullptr || reinterpret_cast<uintptr_t>(vaddr) % kPageSize != 0) {
    return nvm::capi::report(
        Status(ErrorCode::Alignment,
               "memory to map must start at a 4096-byte page, as posix_memalign gives it"));
  }
  ControllerHandle& handle = ControllerHandle::of(ctrl);
  const Status refusal = handle.refuse_if_inherited();
  if (!refusal.ok()) return nvm::capi::report(refusal);
  return nvm::capi::give(map,
                         DmaDescriptor::map(handle.transport(), Buffer::wrap(vaddr, byte_length)));
}

extern "C" int nvm_dma_map_device(nvm_dma_t** map, const nvm_ctrl_t* ctrl, void* devptr,
                                  size_t size) {
  *map = nullptr;
  return nvm::capi::report(
      Status(ErrorCode::Unsupported,
             ControllerHandle::of(ctrl).transport()->capabilities().name +
                 " cannot reach memory of a GPU; read into host memory that CUDA has registered "
                 "(cudaHostRegister) with nvm_dma_map_host"));
}

extern "C" int nvm_dma_create(nvm_dma_t** map, const nvm_ctrl_t* ctrl, size_t size) {
  *map = nullptr;
  const size_t byte_length = nvm::capi::whole_pages(size);
  if (byte_length == 0) return nvm::capi::no_size();
  ControllerHandle& handle = ControllerHandle::of(ctrl);
  const Status refusal = handle.refuse_if_inherited();
  if (!refusal.ok()) return nvm::capi::report(refusal);
  if (byte_length > nvm::capi::installed_memory()) {
    return nvm::capi::report(
        Status(ErrorCode::Memory, std::to_string(size) + " bytes, more than this machine has"));
  }
  auto buffer = handle.transport()->allocate(byte_length);
  if (!buffer.ok()) return nvm::capi::report(buffer.status());
  auto mapped = DmaDescriptor::map(handle.transport(), std::move(buffer.value()));
  if (mapped.ok()) nvm::capi::remember_memory(mapped.value());
  return nvm::capi::give(map, std::move(mapped));
}

extern "C" int nvm_dma_remap(nvm_dma_t** new_map, const nvm_dma_t* other) {
  nvm_dma_t* made =
      nvm::capi::make_map(DmaHandle::of(other).memory, other->vaddr, other->n_ioaddrs);
  *new_map = made;
  if (made == nullptr) return nvm::capi::out_of_memory();
  for (size_t page = 0; page < other->n_ioaddrs; page++) made->ioaddrs[page] = other->ioaddrs[page];
  return 0;
}

extern "C" void nvm_dma_unmap(nvm_dma_t* map) {
  if (map == nullptr) return;
  DmaHandle& handle = DmaHandle::of(map);
  handle.~DmaHandle();
  std::free(&handle);
}

// SPDX-License-Identifier: MIT
#include "transport/mapped_doorbells.h"

#include <errno.h>
#include <sys/mman.h>

#include "platform/os_failure.h"
#include "vfio_user/memory_file.h"

namespace nvm {

Result<std::unique_ptr<MappedDoorbells>> MappedDoorbells::map(const UniqueFd& fd,
                                                              uint64_t file_offset,
                                                              size_t byte_length) {
  const uint64_t end = file_offset + byte_length;
  if (end < file_offset || end > INT64_MAX || !vfio_user::is_memory_file(fd.get(), end)) {
    return Status(ErrorCode::Unsupported, "the file of the doorbells is no memory of that size");
  }
  void* bytes = mmap(nullptr, byte_length, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(),
                     static_cast<off_t>(file_offset));
  if (bytes == MAP_FAILED) return os_failure("mmap of the doorbells", errno);
  std::unique_ptr<MappedDoorbells> doorbells(
      new MappedDoorbells(static_cast<volatile uint32_t*>(bytes), byte_length));
  if (vfio_user::is_sealed_memory(fd.get())) return doorbells;
  doorbells->replacement_ = PageReplacement::watch(bytes, byte_length);
  if (doorbells->replacement_ == nullptr) {
    return Status(ErrorCode::Unsupported, "too many mappings that could vanish");
  }
  return doorbells;
}

MappedDoorbells::~MappedDoorbells() {
  replacement_.reset();
  munmap(const_cast<uint32_t*>(words_), byte_length_);
}

}  // namespace nvm

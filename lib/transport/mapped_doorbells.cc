// SPDX-License-Identifier: MIT
#include "transport/mapped_doorbells.h"

#include <errno.h>
#include <sys/mman.h>

#include "platform/os_failure.h"
#include "vfio_user/memory_file.h"

namespace nvm {

namespace {

// At `place`, or where there is room.
Result<volatile uint32_t*> map_words(void* place, const UniqueFd& fd, uint64_t file_offset,
                                     size_t byte_length) {
  const uint64_t end = file_offset + byte_length;
  if (end < file_offset || end > INT64_MAX || !vfio_user::is_memory_file(fd.get(), end)) {
    return Status(ErrorCode::Unsupported, "the file of the doorbells is no memory of that size");
  }
  void* bytes = mmap(place, byte_length, PROT_READ | PROT_WRITE,
                     MAP_SHARED | (place == nullptr ? 0 : MAP_FIXED), fd.get(),
                     static_cast<off_t>(file_offset));
  if (bytes == MAP_FAILED) return os_failure("mmap of the doorbells", errno);
  return static_cast<volatile uint32_t*>(bytes);
}

}  // namespace

Result<std::unique_ptr<MappedDoorbells>> MappedDoorbells::map(const UniqueFd& fd,
                                                              uint64_t file_offset,
                                                              size_t byte_length) {
  auto words = map_words(nullptr, fd, file_offset, byte_length);
  if (!words.ok()) return std::move(words.status());
  std::unique_ptr<MappedDoorbells> doorbells(new MappedDoorbells(words.value(), byte_length));
  NVM_TRY(doorbells->watch(fd));
  return doorbells;
}

// What the file before was watched for ends when that of this one has begun, so that no store finds
// neither.
Status MappedDoorbells::replace(const UniqueFd& fd, uint64_t file_offset) {
  auto words = map_words(const_cast<uint32_t*>(words_), fd, file_offset, byte_length_);
  return words.ok() ? watch(fd) : std::move(words.status());
}

Status MappedDoorbells::watch(const UniqueFd& fd) {
  std::unique_ptr<PageReplacement> next;
  if (!vfio_user::is_sealed_memory(fd.get())) {
    next = PageReplacement::watch(const_cast<uint32_t*>(words_), byte_length_);
    if (next == nullptr) {
      return Status(ErrorCode::Unsupported, "too many mappings that could vanish");
    }
  }
  std::lock_guard lock(mutex_);
  replacement_ = std::move(next);
  return {};
}

MappedDoorbells::~MappedDoorbells() {
  replacement_.reset();
  munmap(const_cast<uint32_t*>(words_), byte_length_);
}

}  // namespace nvm

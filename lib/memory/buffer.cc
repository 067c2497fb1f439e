// SPDX-License-Identifier: MIT
#include "memory/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/os_failure.h"
#include "platform/unique_fd.h"

namespace nvm {
namespace {

constexpr size_t kHugePageBytes = 2u << 20;

Status refuse(size_t byte_length, const char* call, int os_error) {
  return Status(ErrorCode::Memory,
                std::to_string(byte_length) + " bytes, " + call + ": " + describe_errno(os_error),
                os_error);
}

// A sealed memfd; none (not valid) where the system refuses one, whatever its reason.
Result<UniqueFd> make_memfd(size_t byte_length) {
  UniqueFd fd(memfd_create("peernvm-buffer", MFD_ALLOW_SEALING | MFD_CLOEXEC));
  if (!fd.valid()) return fd;
  if (ftruncate(fd.get(), static_cast<off_t>(byte_length)) != 0) {
    return refuse(byte_length, "ftruncate", errno);
  }
  // A peer that gets the fd cannot shrink it under our mapping, which would turn accesses into
  // SIGBUS.
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return refuse(byte_length, "fcntl(F_ADD_SEALS)", errno);
  }
  return fd;
}

// Maps `byte_length` bytes of `fd`, or without one of no file, at a multiple of `alignment`:
// reserves more address space than needed, maps the aligned part of it over the reservation, and
// gives the rest back.
void* map_aligned(int fd, size_t byte_length, size_t alignment) {
  const size_t reserved_length = byte_length + alignment;
  void* reserved =
      mmap(nullptr, reserved_length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return MAP_FAILED;
  std::byte* reserved_first = static_cast<std::byte*>(reserved);
  const size_t before = alignment - reinterpret_cast<uintptr_t>(reserved) % alignment;
  std::byte* first = reserved_first + before;
  const int flags = MAP_SHARED | MAP_FIXED | (fd < 0 ? MAP_ANONYMOUS : 0);
  void* mapped = mmap(first, byte_length, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (mapped == MAP_FAILED) {
    const int refused = errno;
    munmap(reserved, reserved_length);
    errno = refused;
    return MAP_FAILED;
  }
  munmap(reserved_first, before);
  if (before < alignment) munmap(first + byte_length, alignment - before);
  return mapped;
}

}  // namespace

Result<std::shared_ptr<Buffer>> Buffer::allocate(size_t byte_length) {
  if (byte_length == 0) return Status(ErrorCode::Range, "a buffer has at least one byte");
  const size_t page_size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  if (byte_length > static_cast<size_t>(INT64_MAX) - kHugePageBytes) {
    return refuse(byte_length, "more than an address space", ENOMEM);
  }
  const size_t whole_pages = (byte_length + page_size - 1) / page_size * page_size;
  Result<UniqueFd> memory = make_memfd(whole_pages);
  if (!memory.ok()) return std::move(memory.status());
  UniqueFd& fd = memory.value();
  const bool huge = whole_pages >= kHugePageBytes;
  void* bytes = map_aligned(fd.get(), whole_pages, huge ? kHugePageBytes : page_size);
  if (bytes == MAP_FAILED) return refuse(whole_pages, "mmap", errno);
  // A wish only: where the kernel gives no huge pages to shared memory, small ones do.
  if (huge) madvise(bytes, whole_pages, MADV_HUGEPAGE);
  return std::shared_ptr<Buffer>(
      new Buffer(MemoryKind::Owned, static_cast<std::byte*>(bytes), whole_pages, fd.release()));
}

std::shared_ptr<Buffer> Buffer::wrap(void* bytes, size_t byte_length, int fd, size_t fd_offset) {
  std::shared_ptr<Buffer> buffer(
      new Buffer(MemoryKind::Foreign, static_cast<std::byte*>(bytes), byte_length, fd));
  buffer->fd_offset_ = fd_offset;
  return buffer;
}

std::shared_ptr<Buffer> Buffer::part(std::shared_ptr<Buffer> whole, size_t offset,
                                     size_t byte_length, std::function<void()> release) {
  std::shared_ptr<Buffer> buffer(
      new Buffer(whole->kind_, whole->bytes_ + offset, byte_length, whole->fd_));
  buffer->fd_offset_ = whole->fd_offset_ + offset;
  buffer->whole_ = std::move(whole);
  buffer->release_ = std::move(release);
  return buffer;
}

std::shared_ptr<Buffer> Buffer::peer(void* bytes, size_t byte_length, uint64_t bus_address,
                                     std::function<void()> release) {
  std::shared_ptr<Buffer> buffer(
      new Buffer(MemoryKind::Peer, static_cast<std::byte*>(bytes), byte_length, -1));
  buffer->bus_address_ = bus_address;
  buffer->release_ = std::move(release);
  return buffer;
}

Buffer::~Buffer() {
  if (release_ != nullptr) release_();
  if (whole_ != nullptr || kind_ != MemoryKind::Owned) return;
  munmap(bytes_, byte_length_);
  if (fd_ >= 0) close(fd_);
}

}  // namespace nvm

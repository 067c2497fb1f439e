// SPDX-License-Identifier: MIT
#include "platform/sealed_memory.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

namespace nvm {
namespace {

UniqueFd make_memory(const char* name, size_t byte_length) {
  UniqueFd fd(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (fd.valid() && ftruncate(fd.get(), static_cast<off_t>(byte_length)) != 0) fd.reset();
  return fd;
}

}  // namespace

UniqueFd make_sealed_memory(const char* name, size_t byte_length) {
  UniqueFd fd = make_memory(name, byte_length);
  if (fd.valid() && fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    fd.reset();
  }
  return fd;
}

UniqueFd make_published_memory(const char* name, size_t byte_length, std::byte** bytes) {
  UniqueFd fd = make_memory(name, byte_length);
  if (!fd.valid()) return fd;
  void* mapped = mmap(nullptr, byte_length, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (mapped == MAP_FAILED) return {};
  if (fcntl(fd.get(), F_ADD_SEALS,
            F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0) {
    munmap(mapped, byte_length);
    return {};
  }
  *bytes = static_cast<std::byte*>(mapped);
  return fd;
}

std::optional<uint64_t> sealed_byte_length(int fd) {
  const int seals = fcntl(fd, F_GET_SEALS);
  struct stat information;
  struct statfs file_system;
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || fstat(fd, &information) != 0) return {};
  // Of huge pages there may be none left when one is touched.
  if (fstatfs(fd, &file_system) != 0 || file_system.f_type != TMPFS_MAGIC) return {};
  return static_cast<uint64_t>(information.st_size);
}

}  // namespace nvm

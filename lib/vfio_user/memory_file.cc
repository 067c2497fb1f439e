// SPDX-License-Identifier: MIT
#include "vfio_user/memory_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

namespace nvm::vfio_user {

bool is_memory_file(int fd, uint64_t end) {
  struct stat file;
  struct statfs file_system;
  if (fstat(fd, &file) != 0 || fstatfs(fd, &file_system) != 0) return false;
  auto type = static_cast<uint64_t>(file_system.f_type);
  return S_ISREG(file.st_mode) && static_cast<uint64_t>(file.st_size) >= end &&
         (type == TMPFS_MAGIC || type == HUGETLBFS_MAGIC);
}

bool is_sealed_memory(int fd) {
  const int seals = fcntl(fd, F_GET_SEALS);
  return seals >= 0 && (seals & F_SEAL_SHRINK) != 0;
}

}  // namespace nvm::vfio_user

// SPDX-License-Identifier: MIT
#include "emulator/stores/image_lock.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "platform/os_failure.h"

namespace nvm::emulator {

pid_t find_lock_holder(const std::string& locks, dev_t device, ino_t inode) {
  std::istringstream lines(locks);
  std::string line;
  pid_t same_inode = 0;
  while (std::getline(lines, line)) {
    int pid = 0;
    unsigned device_major = 0;
    unsigned device_minor = 0;
    unsigned long long lock_inode = 0;
    // "7: FLOCK  ADVISORY  WRITE 4711 fd:01:1835 0 EOF"
    if (sscanf(line.c_str(), "%*d: FLOCK %*s %*s %d %x:%x:%llu", &pid, &device_major, &device_minor,
               &lock_inode) != 4) {
      continue;
    }
    if (lock_inode != inode || pid <= 0) continue;
    if (device_major == major(device) && device_minor == minor(device)) return pid;
    // Some file systems (btrfs, overlay) show another device number here than in stat.
    same_inode = pid;
  }
  return same_inode;
}

Status lock_image(int fd, const std::string& path, bool shared) {
  if (flock(fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0) return {};
  const int os_error = errno;
  if (os_error != EWOULDBLOCK) return os_failure("flock " + path, os_error);
  struct stat info = {};
  pid_t holder = 0;
  if (fstat(fd, &info) == 0) {
    std::ostringstream locks;
    locks << std::ifstream("/proc/locks").rdbuf();
    holder = find_lock_holder(locks.str(), info.st_dev, info.st_ino);
  }
  const std::string who =
      holder > 0 ? "process " + std::to_string(holder) : std::string("another process");
  return Status(ErrorCode::Busy,
                path + " is open in " + who +
                    "; open it read-only on both sides, or let one process serve it to the others",
                EBUSY);
}

}  // namespace nvm::emulator

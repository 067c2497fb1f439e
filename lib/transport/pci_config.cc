// SPDX-License-Identifier: MIT
#include "transport/pci_config.h"

#include <errno.h>
#include <unistd.h>

#include "platform/os_failure.h"

namespace nvm {

namespace {

constexpr off_t kCommandOffset = 4;

}  // namespace

Result<uint16_t> read_pci_command(int fd, off_t offset) {
  uint16_t command = 0;
  errno = EIO;  // for a short read, which sets none
  if (pread(fd, &command, sizeof command, offset + kCommandOffset) != sizeof command) {
    return os_failure("read of PCI configuration space", errno);
  }
  return command;
}

Status change_pci_command(int fd, off_t offset, uint16_t set, uint16_t clear) {
  Result<uint16_t> found = read_pci_command(fd, offset);
  if (!found.ok()) return std::move(found.status());
  const auto command = static_cast<uint16_t>((found.value() | set) & ~clear);
  errno = EIO;  // as above
  if (pwrite(fd, &command, sizeof command, offset + kCommandOffset) != sizeof command) {
    return os_failure("write of PCI configuration space", errno);
  }
  return {};
}

}  // namespace nvm

// SPDX-License-Identifier: MIT
#include "transport/pci_config.h"

#include <errno.h>
#include <unistd.h>

#include "platform/os_failure.h"

namespace nvm {

Status change_pci_command(int fd, off_t offset, uint16_t set, uint16_t clear) {
  constexpr off_t kCommandOffset = 4;
  uint16_t command = 0;
  errno = EIO;  // for a short read or write, which sets none
  if (pread(fd, &command, sizeof command, offset + kCommandOffset) != sizeof command) {
    return os_failure("read of PCI configuration space", errno);
  }
  command = static_cast<uint16_t>((command | set) & ~clear);
  if (pwrite(fd, &command, sizeof command, offset + kCommandOffset) != sizeof command) {
    return os_failure("write of PCI configuration space", errno);
  }
  return {};
}

}  // namespace nvm

// SPDX-License-Identifier: MIT
// The command register of a PCI function, reached through any file that shows its configuration
// space.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "platform/status.h"

namespace nvm {

constexpr uint16_t kPciCommandMemory = 1u << 1;
constexpr uint16_t kPciCommandBusMaster = 1u << 2;
constexpr uint16_t kPciCommandIntxDisable = 1u << 10;

// `offset`: where configuration space begins in `fd`.
Result<uint16_t> read_pci_command(int fd, off_t offset);
// Sets and clears bits of the command register.
Status change_pci_command(int fd, off_t offset, uint16_t set, uint16_t clear);

}  // namespace nvm

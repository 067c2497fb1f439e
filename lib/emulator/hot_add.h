// SPDX-License-Identifier: MIT
// Adding a namespace to a device at work: its hosts are told, as when a drive is plugged in.
#pragma once

#include <memory>

#include "emulator/emulated_device.h"

namespace nvm::emulator {

// Ends with its operation; until then only the device's thread touches the rest.
struct NamespaceAddition {
  Operation operation;
  Status status;
  uint32_t namespace_id = 0;
};

// Begins to make the namespace's stores, then attaches it to all controllers. ERR_ARGUMENT at once
// for options that no namespace can have. Called with the device's baton held.
Status begin_adding_namespace(Subsystem& subsystem, const EmulatedNamespaceOptions& options,
                              std::shared_ptr<NamespaceAddition> addition);

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// What src/emulator/options.ts and faults.ts describe, read.
#pragma once

#include "binding/object_reader.h"
#include "emulator/emulated_device.h"
#include "emulator/faults/fault.h"

namespace nvm::binding {

EmulatorOptions read_emulator_options(const ObjectReader& object);
EmulatedNamespaceOptions read_namespace_options(const ObjectReader& object);
emulator::Fault read_fault(const ObjectReader& object);

}  // namespace nvm::binding

// SPDX-License-Identifier: MIT
// The subsystem as bytes: what it remembers, which outlives its process beside its namespaces.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "platform/status.h"

namespace nvm::emulator {

class Subsystem;

// Namespaces (but for what their stores hold), counters, logs, saved features.
std::vector<std::byte> save_records(Subsystem& subsystem);
// Into a subsystem without namespaces, whose media have their stores. What was running goes on.
// ERR_STATE for bytes that make no sense; ERR_IMAGE and so on for stores that cannot be opened.
Status load_records(Subsystem& subsystem, std::span<const std::byte> saved);
// The same for a subsystem that goes on: it was not without power.
Status resume_records(Subsystem& subsystem, std::span<const std::byte> saved);

// Whether nothing is under way that changes a namespace for a host; with fetching held it becomes
// so. What only waits to be told to the host does not count.
bool is_settled(Subsystem& subsystem);

// All of it, for a device that goes on in another process with the same host memory and the same
// stores: records and controllers. ERR_STATE while commands are under way: hold fetching, and step
// until it works.
Result<std::vector<std::byte>> save_device(Subsystem& subsystem);
// Into a subsystem that knows its clock (use_clock), with as many controllers. Its namespaces are
// there already, or its media have their stores. ERR_STATE when something does not fit.
Status load_device(Subsystem& subsystem, std::span<const std::byte> saved);

// Every controller, for a device that goes on elsewhere. ERR_STATE while commands are under way:
// hold fetching, and step until it works.
Result<std::vector<std::byte>> save_controllers(Subsystem& subsystem);
// Into as many controllers, whose domains have the same memory. ERR_STATE when that is not so; a
// controller that could not be loaded is as after a reset.
Status load_controllers(Subsystem& subsystem, std::span<const std::byte> saved);

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// Admin commands that change the subsystem: what they began goes on to its end also when the
// controller is reset or the queue deleted.
#pragma once

#include <memory>

#include "emulator/admin/admin_commands.h"

namespace nvm::emulator {

// How such a command ends; the work sets dword0, its status is the command's.
struct Outcome {
  Operation operation;
  uint16_t status = 0;
  uint32_t dword0 = 0;
  int os_error = 0;  // what a file said, where that is why it failed
};

// Begins `work` in the background; the task ends when it has, with its status. The caller awaits
// it.
Task run_background(ControllerState& state, std::shared_ptr<Outcome> outcome, Task work);
// The same for a handler: the command of `slot` completes when the work has ended.
uint16_t begin_background(ControllerState& state, Slot& slot, Task work);

// Makes a namespace that is attached to no controller; its id is the outcome's dword0. One at a
// time. With `grow_capacity` the subsystem has room for it, up to its limit.
// (namespace_management.cc)
Task create_namespace(Subsystem& subsystem, spec::NamespaceManagementData data, bool grow_capacity,
                      std::shared_ptr<Outcome> outcome);

// Hosts of these controllers that look at the counters in our memory take nothing for known of the
// namespace any more.
void count_namespace_change(Subsystem& subsystem, uint32_t namespace_id, uint64_t controllers);

// The same, and `namespace_id` is in the Changed Namespace List of these controllers, and they tell
// their hosts.
void notify_namespace_changed(Subsystem& subsystem, uint32_t namespace_id, uint64_t controllers);

// Keeps what is remembered where the namespaces are, now. Success, or Internal Error, and then
// `os_error` says why.
Task save_now(Subsystem& subsystem, int* os_error = nullptr);

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
#include "emulator/admin/background.h"

#include "emulator/saved_state.h"
#include "emulator/stores/media.h"

namespace nvm::emulator {
namespace {

Task run(std::shared_ptr<Outcome> outcome, Task work) {
  outcome->status = co_await work;
  outcome->operation.progress.store(Progress::Done, std::memory_order_release);
  co_return spec::status::success;
}

Task wait_for(std::shared_ptr<Outcome> outcome) {
  co_await settled(outcome->operation, Progress::Pending);
  co_return outcome->status;
}

}  // namespace

Task run_background(ControllerState& state, std::shared_ptr<Outcome> outcome, Task work) {
  outcome->operation.progress.store(Progress::Pending, std::memory_order_relaxed);
  state.subsystem.begin_work(run(outcome, std::move(work)));
  return wait_for(std::move(outcome));
}

uint16_t begin_background(ControllerState& state, Slot& slot, Task work) {
  return begin_task(slot, run_background(state, std::make_shared<Outcome>(), std::move(work)));
}

void count_namespace_change(Subsystem& subsystem, uint32_t namespace_id, uint64_t controllers) {
  for (size_t id = 0; id < subsystem.controller_count(); id++) {
    if ((controllers >> id & 1) == 0) continue;
    nvm::count_namespace_change(subsystem.controller(id).namespace_changes(), namespace_id);
  }
}

void notify_namespace_changed(Subsystem& subsystem, uint32_t namespace_id, uint64_t controllers) {
  count_namespace_change(subsystem, namespace_id, controllers);
  for (size_t id = 0; id < subsystem.controller_count(); id++) {
    if ((controllers >> id & 1) == 0) continue;
    ControllerState& state = subsystem.controller(id).state();
    if (!state.admin.in_use) continue;
    state.admin.changed_namespaces.insert(namespace_id);
    state.report({spec::async_event_type::notice,
                  spec::async_event_notice::namespace_attribute_changed,
                  spec::log_page::changed_namespace_list});
  }
}

Task save_now(Subsystem& subsystem, int* os_error) {
  if (!subsystem.keeps_state()) co_return spec::status::success;
  Subsystem::Saving saving(subsystem);
  Operation operation;
  const Progress saved =
      co_await settled(operation, subsystem.media().begin_save(operation, save_records(subsystem)));
  saving.succeeded = saved == Progress::Done;
  if (saving.succeeded) co_return spec::status::success;
  if (os_error != nullptr) *os_error = operation.os_error;
  co_return spec::status::internal_error;
}

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// Identify: one row per data structure (CNS). Each fills one page, which is then sent to the host.
#include "emulator/admin/identify.h"

#include <algorithm>

#include "emulator/admin/admin_commands.h"

namespace nvm::emulator {
namespace {

struct Row {
  uint8_t cns;
  IdentifyFunction* fill;
  bool has_command_set;  // CSI names one, which must be the NVM command set
};

constexpr Row kRows[] = {
    {spec::cns::identify_namespace, identify_namespace, false},
    {spec::cns::identify_controller, identify_controller, false},
    {spec::cns::active_namespaces, active_namespaces, false},
    {spec::cns::namespace_descriptors, namespace_descriptors, false},
    {spec::cns::command_set_namespace, command_set_namespace, true},
    {spec::cns::command_set_controller, command_set_controller, true},
    {spec::cns::command_set_active_namespaces, active_namespaces, true},
    {spec::cns::independent_namespace, independent_namespace, false},
    {spec::cns::allocated_namespaces, allocated_namespaces, false},
    {spec::cns::allocated_namespace, allocated_namespace, false},
    {spec::cns::namespace_controllers, namespace_controllers, false},
    {spec::cns::controllers, controllers, false},
    {spec::cns::primary_controller_capabilities, primary_controller_capabilities, false},
    {spec::cns::secondary_controllers, secondary_controllers, false},
    {spec::cns::command_set_allocated_namespaces, allocated_namespaces, true},
    {spec::cns::command_set_allocated_namespace, command_set_allocated_namespace, true},
    {spec::cns::command_sets, command_sets, false},
};

}  // namespace

uint16_t identify(ControllerState& state, Slot& slot) {
  const spec::SubmissionQueueEntry& sqe = slot.command.sqe;
  const uint32_t cns = spec::identify_cdw10::cns.get(sqe.cdw10);
  const Row* row = std::find_if(std::begin(kRows), std::end(kRows),
                                [cns](const Row& candidate) { return candidate.cns == cns; });
  if (row == std::end(kRows)) return refuse(spec::status::invalid_field);
  // No UUID list (CTRATT): an index into it names nothing.
  if (spec::identify_cdw14::uuid_index.get(sqe.cdw14) != 0) {
    return refuse(spec::status::invalid_field);
  }
  if (row->has_command_set && spec::identify_cdw11::csi.get(sqe.cdw11) != spec::csi::nvm) {
    return refuse(spec::status::invalid_field);
  }
  IdentifyPage page{};
  const uint16_t status = row->fill(state, sqe, page);
  if (status != spec::status::success) return refuse(status);
  return send_to_host(state, slot, page.data(), page.size());
}

}  // namespace nvm::emulator

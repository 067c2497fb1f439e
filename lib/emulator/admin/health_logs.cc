// SPDX-License-Identifier: MIT
// Log pages about what happened and how the subsystem fares.
#include <cstring>

#include "emulator/admin/health.h"
#include "emulator/admin/log_pages.h"
#include "emulator/records.h"

namespace nvm::emulator {

LogBytes error_information(ControllerState& state) {
  LogBytes log(kErrorLogEntriesMax * sizeof(spec::ErrorLogEntry));
  const std::vector<spec::ErrorLogEntry> entries = state.error_log.entries();
  if (entries.empty()) return log;  // memcpy takes no null pointer
  memcpy(log.data(), entries.data(), entries.size() * sizeof(spec::ErrorLogEntry));
  return log;
}

LogBytes smart_health_information(ControllerState& state) {
  return bytes_of(smart_log(state));
}

LogBytes firmware_slots(ControllerState& state) {
  spec::FirmwareSlotLog log{};
  log.afi = spec::active_firmware_info::active.put(1);
  char* revision = log.frs[0].revision;
  memset(revision, ' ', sizeof(log.frs[0].revision));
  state.subsystem.identity().firmware_revision.copy(revision, sizeof(log.frs[0].revision));
  return bytes_of(log);
}

LogBytes changed_namespaces(ControllerState& state) {
  constexpr uint32_t kTooMany = 0xffffffff;
  spec::NamespaceList list{};
  const std::set<uint32_t>& changed = state.admin.changed_namespaces;
  if (changed.size() > std::size(list.ns)) {
    list.ns[0] = kTooMany;
  } else {
    std::copy(changed.begin(), changed.end(), list.ns);
  }
  return bytes_of(list);
}

LogBytes self_test_log(ControllerState& state) {
  const SelfTests& tests = state.subsystem.records().self_tests;
  spec::SelfTestLog log{};
  log.current_operation = tests.running;
  log.completion = tests.running == 0 ? 0 : tests.percent;
  for (size_t i = 0; i < std::size(log.result); i++) {
    if (i < tests.results.size()) {
      log.result[i] = tests.results[i];
    } else {
      log.result[i].dsts = spec::self_test_status::result.put(spec::self_test_result::unused);
    }
  }
  return bytes_of(log);
}

LogBytes sanitize_log(ControllerState& state) {
  constexpr uint32_t kNotReported = 0xffffffff;
  const SanitizeState& sanitize = state.subsystem.records().sanitize;
  spec::SanitizeStatusLog log{};
  log.sprog = sanitize.progress;
  log.sstat = sanitize_status(state.subsystem);
  log.scdw10 = sanitize.cdw10;
  log.eto = log.etbe = log.etond = log.etbend = kNotReported;
  log.etce = log.etcend = kNotReported;
  return bytes_of(log);
}

}  // namespace nvm::emulator

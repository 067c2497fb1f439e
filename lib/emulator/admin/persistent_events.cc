// SPDX-License-Identifier: MIT
#include "emulator/admin/persistent_events.h"

#include <algorithm>
#include <cstring>

#include "emulator/admin/features.h"
#include "emulator/admin/identify.h"
#include "emulator/controller_state.h"
#include "emulator/records.h"
#include "emulator/unique_ids.h"

namespace nvm::emulator {
namespace {

namespace type = spec::persistent_event_type;

constexpr uint8_t kEventRevision = 1;

constexpr uint8_t kTypes[] = {
    type::smart,
    type::firmware_commit,
    type::timestamp_change,
    type::power_on_reset,
    type::change_namespace,
    type::format_start,
    type::format_completion,
    type::sanitize_start,
    type::sanitize_completion,
    type::set_feature,
};

void record(ControllerState& state, uint8_t event_type, std::span<const std::byte> data) {
  spec::PersistentEventHeader header{};
  header.etype = event_type;
  header.etype_rev = kEventRevision;
  header.ehl = sizeof(header) - offsetof(spec::PersistentEventHeader, ehl) - 1;
  header.cntlid = state.controller_id;
  header.ets = timestamp(state);
  header.el = static_cast<uint16_t>(data.size());
  std::vector<std::byte> event(sizeof(header) + data.size());
  memcpy(event.data(), &header, sizeof(header));
  std::copy(data.begin(), data.end(), event.begin() + sizeof(header));
  state.subsystem.records().events.add(std::move(event));
  state.subsystem.save_soon();
}

template <class Data>
void record(ControllerState& state, uint8_t event_type, const Data& data) {
  record(state, event_type, std::as_bytes(std::span(&data, 1)));
}

uint64_t firmware_revision(const ControllerState& state) {
  std::string text = state.subsystem.identity().firmware_revision;
  text.resize(sizeof(uint64_t), ' ');
  uint64_t revision;
  memcpy(&revision, text.data(), sizeof(revision));
  return revision;
}

spec::PersistentEventLogHeader log_header(ControllerState& state) {
  Subsystem& subsystem = state.subsystem;
  const Identity& identity = subsystem.identity();
  spec::PersistentEventLogHeader header{};
  header.lid = spec::log_page::persistent_event_log;
  header.tnev = static_cast<uint32_t>(subsystem.records().events.all().size());
  header.tll = sizeof(header) + subsystem.records().events.byte_length();
  header.rv = 1;
  header.lhl = sizeof(header) - offsetof(spec::PersistentEventLogHeader, lhl) - sizeof(header.lhl);
  header.ts = timestamp(state);
  header.poh.low = power_on_hours(subsystem);
  header.pcc = subsystem.records().health.power_cycles;
  header.vid = identity.pci_vendor_id;
  header.ssvid = identity.pci_subsystem_vendor_id;
  memset(header.sn, ' ', sizeof(header.sn));
  memset(header.mn, ' ', sizeof(header.mn));
  identity.serial_number.copy(header.sn, sizeof(header.sn));
  identity.model_number.copy(header.mn, sizeof(header.mn));
  subsystem_name(identity).copy(header.subnqn, sizeof(header.subnqn) - 1);
  header.rci = spec::reporting_context::exists.put(1);
  for (const uint8_t known : kTypes) {
    header.seb[known / 8] = static_cast<uint8_t>(header.seb[known / 8] | 1u << known % 8);
  }
  return header;
}

}  // namespace

void PersistentEvents::add(std::vector<std::byte> event) {
  byte_length_ += event.size();
  events_.push_back(std::move(event));
  size_t excess = 0;
  while (byte_length_ > kPersistentEventBytesMax - sizeof(spec::PersistentEventLogHeader)) {
    byte_length_ -= events_[excess++].size();
  }
  events_.erase(events_.begin(), events_.begin() + static_cast<ptrdiff_t>(excess));
}

std::vector<std::byte> persistent_event_log(ControllerState& state) {
  const spec::PersistentEventLogHeader header = log_header(state);
  const auto bytes = std::as_bytes(std::span(&header, 1));
  std::vector<std::byte> log(bytes.begin(), bytes.end());
  const auto& events = state.subsystem.records().events.all();
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    log.insert(log.end(), event->begin(), event->end());
  }
  return log;
}

void log_smart_snapshot(ControllerState& state) {
  record(state, type::smart, smart_log(state));
}

void log_reset(ControllerState& state) {
  struct [[gnu::packed]] {
    uint64_t firmware_revision;
    spec::PowerOnResetDescriptor descriptor;
  } data = {firmware_revision(state), {}};
  const Health health = total_health(state.subsystem);
  data.descriptor.cntlid = state.controller_id;
  data.descriptor.power_cycle_count = static_cast<uint32_t>(health.power_cycles);
  data.descriptor.power_on_milliseconds = health.power_on_ns / kNanosecondsPerMillisecond;
  data.descriptor.timestamp = timestamp(state);
  record(state, type::power_on_reset, data);
}

void log_set_feature(ControllerState& state, const spec::SubmissionQueueEntry& sqe) {
  constexpr uint32_t kTwoDwords = 2;  // CDW10 and CDW11, no memory, no completion dword
  const uint32_t data[] = {kTwoDwords, sqe.cdw10, sqe.cdw11};
  record(state, type::set_feature, data);
}

void log_timestamp_change(ControllerState& state, uint64_t previous) {
  const spec::TimestampChangeEvent data = {
      previous, state.subsystem.running_ns() / kNanosecondsPerMillisecond};
  record(state, type::timestamp_change, data);
}

void log_firmware_commit(ControllerState& state, uint32_t cdw10, uint16_t status_field) {
  spec::FirmwareCommitEvent data{};
  data.old_revision = firmware_revision(state);
  data.commit_action = static_cast<uint8_t>(spec::firmware_commit_cdw10::ca.get(cdw10));
  data.slot = static_cast<uint8_t>(spec::firmware_commit_cdw10::fs.get(cdw10));
  data.sct = static_cast<uint8_t>(spec::status_field::sct.get(status_field));
  data.sc = static_cast<uint8_t>(spec::status_field::sc.get(status_field));
  record(state, type::firmware_commit, data);
}

void log_namespace_change(ControllerState& state, const spec::SubmissionQueueEntry& sqe,
                          const Namespace* ns) {
  spec::ChangeNamespaceEvent data{};
  data.nsmgt_cdw10 = sqe.cdw10;
  data.nsid = sqe.nsid;
  if (ns != nullptr) {
    data.nsze = data.ncap = ns->block_count();
    data.flbas = spec::flbas::format_lower.put(ns->format.lba_format) |
                 spec::flbas::extended.put(ns->format.extended);
    data.dps = ns->format.protection_type;
    data.nmic = spec::nmic::shared.put(ns->shared);
    data.nsid = ns->id;
  }
  record(state, type::change_namespace, data);
}

void log_format_start(ControllerState& state, uint32_t namespace_id, uint32_t cdw10) {
  const spec::FormatStartEvent data = {namespace_id, format_attributes(), {}, cdw10};
  record(state, type::format_start, data);
}

void log_format_completion(ControllerState& state, uint32_t namespace_id, uint16_t status_field) {
  const spec::FormatCompletionEvent data = {namespace_id, 0, 0, 0, status_field};
  record(state, type::format_completion, data);
}

void log_sanitize_start(ControllerState& state, const spec::SubmissionQueueEntry& sqe) {
  const spec::SanitizeStartEvent data = {sanitize_capabilities(), sqe.cdw10, sqe.cdw11};
  record(state, type::sanitize_start, data);
}

void log_sanitize_completion(Subsystem& subsystem, uint16_t progress, uint16_t status) {
  if (subsystem.controller_count() == 0) return;
  const spec::SanitizeCompletionEvent data = {progress, status, 0, {}};
  record(subsystem.controller(0).state(), type::sanitize_completion, data);
}

}  // namespace nvm::emulator

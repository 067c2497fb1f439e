// SPDX-License-Identifier: MIT
// Features whose value does not fit into a dword: Timestamp and Host Behavior Support.
#include <cstring>

#include "emulator/admin/feature_table.h"
#include "emulator/admin/persistent_events.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kTimestampMask = 0xffffffffffff;
static_assert(sizeof(spec::Timestamp) == sizeof(uint64_t));

Task receive_timestamp(ControllerState& state, Command& command) {
  uint64_t value = 0;
  const uint16_t status = co_await receive_from_host(
      command.data, 0, reinterpret_cast<std::byte*>(&value), sizeof(value));
  if (status != spec::status::success) co_return status;
  log_timestamp_change(state, timestamp(state));
  CurrentFeatures& features = state.admin.features;
  features.timestamp_ms = value & kTimestampMask;
  features.timestamp_at_ns = state.subsystem.running_ns();
  features.timestamp_from_host = true;
  co_return spec::status::success;
}

Task receive_host_behavior(ControllerState& state, Command& command) {
  spec::HostBehaviorSupport value;
  const uint16_t status = co_await receive_from_host(
      command.data, 0, reinterpret_cast<std::byte*>(&value), sizeof(value));
  if (status != spec::status::success) co_return status;
  if (value.acre > 1 || value.etdas > 1 || value.lbafee > 1) {
    co_return refuse(spec::status::invalid_field);
  }
  state.admin.features.host_behavior = value;
  co_return spec::status::success;
}

}  // namespace

uint64_t timestamp(const ControllerState& state) {
  const CurrentFeatures& features = state.admin.features;
  const uint64_t now_ns = state.subsystem.running_ns();
  const uint64_t since_ns = now_ns - std::min(now_ns, features.timestamp_at_ns);
  const uint64_t now_ms = features.timestamp_ms + since_ns / kNanosecondsPerMillisecond;
  constexpr unsigned kAttributesShift = 48;
  const uint8_t attributes = spec::timestamp_attributes::origin.put(
      features.timestamp_from_host ? spec::timestamp_origin::host : spec::timestamp_origin::reset);
  return (now_ms & kTimestampMask) | uint64_t{attributes} << kAttributesShift;
}

uint16_t set_timestamp(ControllerState& state, Slot& slot) {
  const uint16_t status = find_data(state, slot, sizeof(spec::Timestamp), Direction::FromHost);
  return status != spec::status::success ? status
                                         : begin_task(slot, receive_timestamp(state, slot.command));
}

uint16_t get_timestamp(ControllerState& state, Slot& slot, uint32_t select) {
  const uint64_t value = select == spec::feature_select::current ? timestamp(state) : 0;
  return send_to_host(state, slot, &value, sizeof(value));
}

uint16_t set_host_behavior(ControllerState& state, Slot& slot) {
  const uint16_t status =
      find_data(state, slot, sizeof(spec::HostBehaviorSupport), Direction::FromHost);
  return status != spec::status::success
             ? status
             : begin_task(slot, receive_host_behavior(state, slot.command));
}

uint16_t get_host_behavior(ControllerState& state, Slot& slot, uint32_t select) {
  const spec::HostBehaviorSupport value = select == spec::feature_select::current
                                              ? state.admin.features.host_behavior
                                              : spec::HostBehaviorSupport{};
  return send_to_host(state, slot, &value, sizeof(value));
}

}  // namespace nvm::emulator

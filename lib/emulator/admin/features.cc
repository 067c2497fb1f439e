// SPDX-License-Identifier: MIT
// Set Features and Get Features: one row per feature. What is not in the table is refused, so that
// no host relies on what is not done.
#include "emulator/admin/admin_commands.h"

namespace nvm::emulator {
namespace {

// `writable`: the bits a host may set; the others are ignored. Zero: not changeable.
struct Row {
  uint8_t id;
  uint32_t initial;
  uint32_t writable;
};

constexpr Row kRows[] = {
    {spec::feature::arbitration, 0, 0xffffff07},
    {spec::feature::power_management, 0, 0},  // one power state
    {spec::feature::temperature_threshold, 0xffff, 0x003fffff},
    {spec::feature::error_recovery, 0, 0x0000ffff},
    {spec::feature::volatile_write_cache, 1, 0},
    {spec::feature::interrupt_coalescing, 0, 0x0000ffff},
    {spec::feature::interrupt_vector_configuration, 0, 0},
    {spec::feature::write_atomicity_normal, 0, 0x00000001},
    {spec::feature::asynchronous_event_configuration, 0, 0xffffffff},
};

const Row* find_row(uint8_t id) {
  for (const Row& row : kRows) {
    if (row.id == id) return &row;
  }
  return nullptr;
}

uint32_t granted_queues(const ControllerState& state) {
  const uint32_t most = state.limits.io_queue_pairs_max - 1u;
  return spec::feature_number_of_queues::nsq.put(most) |
         spec::feature_number_of_queues::ncq.put(most);
}

bool has_io_queues(const ControllerState& state) {
  for (size_t id = 1; id < state.completion_queues.size(); id++) {
    if (state.completion_queues[id].exists()) return true;
  }
  return false;
}

// Grants all there are, whatever was asked: the host creates as many as it wants.
uint16_t set_number_of_queues(ControllerState& state, Command& command) {
  constexpr uint32_t kReserved = 0xffff;
  const uint32_t wanted = command.sqe.cdw11;
  if (spec::feature_number_of_queues::nsq.get(wanted) == kReserved ||
      spec::feature_number_of_queues::ncq.get(wanted) == kReserved) {
    return refuse(spec::status::invalid_field);
  }
  if (has_io_queues(state)) return refuse(spec::status::command_sequence_error);
  command.dword0 = granted_queues(state);
  return spec::status::success;
}

}  // namespace

void reset_features(ControllerState& state) {
  state.features.fill(0);
  for (const Row& row : kRows) state.features[row.id] = row.initial;
}

uint16_t set_features(ControllerState& state, Slot& slot) {
  Command& command = slot.command;
  const auto id = static_cast<uint8_t>(spec::set_features_cdw10::fid.get(command.sqe.cdw10));
  if (spec::set_features_cdw10::sv.get(command.sqe.cdw10) != 0) {
    return refuse(spec::status::feature_identifier_not_saveable);
  }
  if (id == spec::feature::number_of_queues) return set_number_of_queues(state, command);
  const Row* row = find_row(id);
  if (row == nullptr) return refuse(spec::status::invalid_field);
  if (row->writable == 0) {
    return command.sqe.cdw11 == row->initial ? spec::status::success
                                             : refuse(spec::status::feature_not_changeable);
  }
  state.features[id] = command.sqe.cdw11 & row->writable;
  return spec::status::success;
}

uint16_t get_features(ControllerState& state, Slot& slot) {
  enum Select : uint32_t { kCurrent, kDefault, kSaved, kCapabilities };
  constexpr uint32_t kChangeable = 1u << 2;
  Command& command = slot.command;
  const auto id = static_cast<uint8_t>(spec::get_features_cdw10::fid.get(command.sqe.cdw10));
  const uint32_t select = spec::get_features_cdw10::sel.get(command.sqe.cdw10);
  if (select > kCapabilities) return refuse(spec::status::invalid_field);
  if (id == spec::feature::number_of_queues) {
    command.dword0 = select == kCapabilities ? kChangeable : granted_queues(state);
    return spec::status::success;
  }
  const Row* row = find_row(id);
  if (row == nullptr) return refuse(spec::status::invalid_field);
  if (select == kCapabilities) {
    command.dword0 = row->writable != 0 ? kChangeable : 0;
  } else {
    command.dword0 = select == kCurrent ? state.features[id] : row->initial;
  }
  if (id == spec::feature::interrupt_vector_configuration) {
    command.dword0 |= command.sqe.cdw11 & 0xffff;
  }
  return spec::status::success;
}

}  // namespace nvm::emulator

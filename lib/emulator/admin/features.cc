// SPDX-License-Identifier: MIT
// Set Features and Get Features: what all features have in common.
#include "emulator/admin/features.h"

#include <algorithm>

#include "emulator/admin/admin_commands.h"
#include "emulator/admin/feature_table.h"
#include "emulator/admin/identify.h"
#include "emulator/admin/persistent_events.h"
#include "emulator/records.h"

namespace nvm::emulator {
namespace {

uint32_t granted_queues(const ControllerState& state) {
  return spec::feature_number_of_queues::nsq.put(state.submission_queues_granted - 1u) |
         spec::feature_number_of_queues::ncq.put(state.completion_queues_granted - 1u);
}

bool has_io_queues(const ControllerState& state) {
  for (size_t id = 1; id < state.completion_queues.size(); id++) {
    if (state.completion_queues[id].exists()) return true;
  }
  return false;
}

// Grants what is asked, as far as there are so many.
uint16_t set_number_of_queues(ControllerState& state, Command& command) {
  constexpr uint32_t kReserved = 0xffff;
  const uint32_t wanted = command.sqe.cdw11;
  if (spec::set_features_cdw10::sv.get(command.sqe.cdw10) != 0) {
    return spec::status::feature_identifier_not_saveable;
  }
  if (spec::feature_number_of_queues::nsq.get(wanted) == kReserved ||
      spec::feature_number_of_queues::ncq.get(wanted) == kReserved) {
    return spec::status::invalid_field;
  }
  if (has_io_queues(state)) return spec::status::command_sequence_error;
  const auto grant = [&](uint32_t asked) {
    return static_cast<uint16_t>(std::min<uint32_t>(asked + 1, state.limits.io_queue_pairs_max));
  };
  state.submission_queues_granted = grant(spec::feature_number_of_queues::nsq.get(wanted));
  state.completion_queues_granted = grant(spec::feature_number_of_queues::ncq.get(wanted));
  command.dword0 = granted_queues(state);
  return spec::status::success;
}

const uint32_t* find_saved(const ControllerState& state, FeatureKey key) {
  const auto& all = state.subsystem.records().saved_features;
  const auto controller = all.find(state.controller_id);
  if (controller == all.end()) return nullptr;
  const auto value = controller->second.find(key);
  return value == controller->second.end() ? nullptr : &value->second;
}

uint32_t saved_or_initial(const ControllerState& state, FeatureKey key) {
  const uint32_t* saved = find_saved(state, key);
  if (saved != nullptr) return *saved;
  const Feature* feature = find_feature(key.id);
  return feature == nullptr ? 0 : initial_value(*feature, key.part);
}

void store_value(ControllerState& state, FeatureKey key, uint32_t value, bool save) {
  state.admin.features.values[key] = value;
  if (key.part == 0) state.features[key.id] = value;
  if (save) {
    state.subsystem.records().saved_features[state.controller_id][key] = value;
    state.subsystem.save_soon();
  }
}

// Whether a namespace-specific feature may be asked of NSID; `all`: of all namespaces at once.
uint16_t check_namespace(const ControllerState& state, uint32_t id, bool all) {
  if (all && id == kBroadcastNamespaceId) return spec::status::success;
  if (!state.subsystem.is_valid_namespace_id(id)) return spec::status::invalid_namespace_or_format;
  return state.find_namespace(id) != nullptr ? spec::status::success : spec::status::invalid_field;
}

uint16_t find_part(const ControllerState& state, const Feature& feature,
                   const spec::SubmissionQueueEntry& sqe, bool all, uint32_t& part) {
  part = 0;
  if (feature.namespace_specific) {
    part = sqe.nsid;
    return check_namespace(state, sqe.nsid, all);
  }
  return feature.find_part == nullptr ? spec::status::success
                                      : feature.find_part(state, sqe.cdw11, part);
}

uint16_t set_value(ControllerState& state, Slot& slot, const Feature& feature) {
  const spec::SubmissionQueueEntry& sqe = slot.command.sqe;
  const bool save = spec::set_features_cdw10::sv.get(sqe.cdw10) != 0;
  uint32_t part = 0;
  const uint16_t named = find_part(state, feature, sqe, true, part);
  if (named != spec::status::success) return named;
  const uint32_t value = sqe.cdw11 & feature.writable;
  if (feature.check != nullptr) {
    const uint16_t good = feature.check(state, value);
    if (good != spec::status::success) return good;
  }
  if (feature.namespace_specific && part == kBroadcastNamespaceId) {
    state.subsystem.for_each_namespace([&](const Namespace& ns) {
      if (state.find_namespace(ns.id) != nullptr)
        store_value(state, {feature.id, ns.id}, value, save);
    });
  } else {
    store_value(state, {feature.id, part}, value, save);
  }
  return feature.apply == nullptr ? spec::status::success : feature.apply(state, slot);
}

uint16_t set_feature(ControllerState& state, Slot& slot) {
  const spec::SubmissionQueueEntry& sqe = slot.command.sqe;
  const auto id = static_cast<uint8_t>(spec::set_features_cdw10::fid.get(sqe.cdw10));
  if (spec::set_features_cdw14::uuid_index.get(sqe.cdw14) != 0) return spec::status::invalid_field;
  const Feature* feature = find_feature(id);
  const bool of_namespace = feature != nullptr && feature->namespace_specific;
  if (feature == nullptr && id != spec::feature::number_of_queues) {
    return spec::status::invalid_field;
  }
  if (!of_namespace && sqe.nsid != 0 && sqe.nsid != kBroadcastNamespaceId) {
    return spec::status::feature_not_namespace_specific;
  }
  if (id == spec::feature::number_of_queues) return set_number_of_queues(state, slot.command);
  if (spec::set_features_cdw10::sv.get(sqe.cdw10) != 0 && !feature->saveable) {
    return spec::status::feature_identifier_not_saveable;
  }
  return feature->set_data != nullptr ? feature->set_data(state, slot)
                                      : set_value(state, slot, *feature);
}

uint32_t capabilities(const Feature& feature) {
  return spec::feature_capabilities::saveable.put(feature.saveable) |
         spec::feature_capabilities::namespace_specific.put(feature.namespace_specific) |
         spec::feature_capabilities::changeable.put(1);
}

uint16_t get_feature(ControllerState& state, Slot& slot) {
  Command& command = slot.command;
  const auto id = static_cast<uint8_t>(spec::get_features_cdw10::fid.get(command.sqe.cdw10));
  const uint32_t select = spec::get_features_cdw10::sel.get(command.sqe.cdw10);
  if (select > spec::feature_select::supported_capabilities ||
      spec::get_features_cdw14::uuid_index.get(command.sqe.cdw14) != 0) {
    return spec::status::invalid_field;
  }
  const bool asks_capabilities = select == spec::feature_select::supported_capabilities;
  if (id == spec::feature::number_of_queues) {
    command.dword0 =
        asks_capabilities ? spec::feature_capabilities::changeable.put(1) : granted_queues(state);
    return spec::status::success;
  }
  const Feature* feature = find_feature(id);
  if (feature == nullptr) return spec::status::invalid_field;
  if (asks_capabilities) {
    command.dword0 = capabilities(*feature);
    return spec::status::success;
  }
  if (feature->get_data != nullptr) return feature->get_data(state, slot, select);
  uint32_t part = 0;
  const uint16_t named = find_part(state, *feature, command.sqe, false, part);
  if (named != spec::status::success) return named;
  const FeatureKey key = {id, part};
  command.dword0 = select == spec::feature_select::current ? feature_value(state, key)
                   : select == spec::feature_select::saved ? saved_or_initial(state, key)
                                                           : initial_value(*feature, part);
  return spec::status::success;
}

}  // namespace

uint32_t feature_value(const ControllerState& state, FeatureKey key) {
  const auto set = state.admin.features.values.find(key);
  return set != state.admin.features.values.end() ? set->second : saved_or_initial(state, key);
}

void forget_namespace_features(Subsystem& subsystem, uint32_t namespace_id) {
  const FeatureKey key = {spec::feature::error_recovery, namespace_id};
  for (auto& [controller, values] : subsystem.records().saved_features) values.erase(key);
  for (size_t i = 0; i < subsystem.controller_count(); i++) {
    subsystem.controller(i).state().admin.features.values.erase(key);
  }
}

void reset_features(ControllerState& state) {
  if (spec::csts::rdy.get(state.registers.csts) != 0) {
    end_self_test_of_reset(state);
    log_reset(state);
  }
  state.admin.features = {};
  state.admin.changed_namespaces.clear();
  state.admin.event_log.clear();
  state.admin.features.timestamp_at_ns = state.subsystem.running_ns();
  for (size_t id = 0; id < state.features.size(); id++) {
    state.features[id] = saved_or_initial(state, {static_cast<uint8_t>(id), 0});
  }
  for (size_t vector = 0; vector < state.vectors.size(); vector++) {
    const uint32_t value = saved_or_initial(
        state, {spec::feature::interrupt_vector_configuration, static_cast<uint32_t>(vector)});
    state.vectors[vector].coalescing_disabled =
        spec::feature_interrupt_vector_configuration::cd.get(value) != 0;
  }
  update_write_cache(state.subsystem);
}

uint16_t set_features(ControllerState& state, Slot& slot) {
  const uint16_t status = set_feature(state, slot);
  if (status == spec::status::success || status == kGoesOn) {
    log_set_feature(state, slot.command.sqe);
    return status;
  }
  return refuse(status);
}

uint16_t get_features(ControllerState& state, Slot& slot) {
  const uint16_t status = get_feature(state, slot);
  return status == spec::status::success || status == kGoesOn ? status : refuse(status);
}

}  // namespace nvm::emulator

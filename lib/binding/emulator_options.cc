// SPDX-License-Identifier: MIT
#include "binding/emulator_options.h"

#include <algorithm>
#include <limits>

namespace nvm::binding {
namespace {

// Numbers that the field cannot hold become its largest, which is out of range everywhere.
template <class T>
T clamped(const ObjectReader& object, const char* name, T absent) {
  const double value = object.number(name).value_or(static_cast<double>(absent));
  constexpr double most = static_cast<double>(std::numeric_limits<T>::max());
  return value >= 0 && value <= most ? static_cast<T>(value) : std::numeric_limits<T>::max();
}

template <class T>
std::optional<T> optional(const ObjectReader& object, const char* name) {
  if (!object.number(name)) return {};
  return clamped<T>(object, name, 0);
}

}  // namespace

EmulatedNamespaceOptions read_namespace_options(const ObjectReader& object) {
  EmulatedNamespaceOptions options;
  options.byte_length = object.integer<uint64_t>("byteLength", 0);
  options.lba_byte_length = optional<uint32_t>(object, "blockSize");
  options.metadata_byte_length = optional<uint16_t>(object, "metadataSize");
  options.extended = object.optional_boolean("extendedBlocks");
  options.protection_type = optional<uint8_t>(object, "protection");
  return options;
}

EmulatorOptions read_emulator_options(const ObjectReader& object) {
  EmulatorOptions options;
  options.image = object.string("image");
  options.read_only = object.boolean("readOnly");
  options.create = object.integer<uint64_t>("byteLength", 0) != 0;
  options.namespaces[0] = read_namespace_options(object);
  for (const ObjectReader& each : object.objects("namespaces")) {
    options.namespaces.push_back(read_namespace_options(each));
  }
  options.latency_ns = object.integer<uint64_t>("latencyNs", 0);
  options.bytes_per_second = object.integer<uint64_t>("bandwidth", 0);
  options.timing_model = object.string("timingModel");
  options.serial = object.string("serial");
  options.model = object.string("model");
  options.firmware = object.string("firmware");
  options.saved = object.bytes("load");
  options.capacity = object.integer<uint64_t>("capacity", 0);
  options.controllers = clamped<uint16_t>(object, "controllers", 1);
  options.namespaces_max = clamped(object, "namespacesMax", options.namespaces_max);
  emulator::PcieControllerLimits& limits = options.limits;
  limits.io_queue_pairs_max = clamped(object, "queuePairs", limits.io_queue_pairs_max);
  limits.queue_entries_max = clamped(object, "queueEntries", limits.queue_entries_max);
  limits.mdts = clamped(object, "mdts", limits.mdts);
  return options;
}

emulator::Fault read_fault(const ObjectReader& object) {
  emulator::Fault fault;
  emulator::FaultMatch& match = fault.match;
  match.controller_id = optional<uint16_t>(object, "controllerId");
  match.queues = static_cast<emulator::FaultQueues>(object.integer<uint8_t>("queues", 0));
  match.queue_id = optional<uint16_t>(object, "queueId");
  match.opcode = optional<uint8_t>(object, "opcode");
  match.namespace_id = optional<uint32_t>(object, "namespaceId");
  if (const auto lba = object.integer<uint64_t>("lba")) {
    match.lbas = emulator::FaultLbas{*lba, object.integer<uint64_t>("blockCount", 0)};
  }
  match.nth = object.integer<uint64_t>("nth", 0);
  match.every = object.integer<uint64_t>("every", 0);
  match.probability = object.number("probability").value_or(1);
  match.seed = object.integer<uint64_t>("seed");

  emulator::FaultAction& action = fault.action;
  action.delay_ns = object.integer<uint64_t>("delayNs", 0);
  action.drop = object.boolean("drop");
  action.status_field = optional<uint16_t>(object, "statusField");
  if (const auto blocks = optional<uint32_t>(object, "tornBlocks")) {
    action.torn = emulator::TornWrite{*blocks, clamped<uint32_t>(object, "tornBytes", 0)};
  }
  if (const auto data = object.integer<uint8_t>("corruptedData")) {
    action.corruption = emulator::Corruption{static_cast<emulator::CorruptedData>(*data),
                                             object.integer<uint64_t>("corruptedOffset"),
                                             clamped<uint8_t>(object, "corruptionMask", 0)};
  }
  action.completion =
      static_cast<emulator::CompletionFault>(object.integer<uint8_t>("completion", 0));
  action.controller =
      static_cast<emulator::ControllerFault>(object.integer<uint8_t>("controllerFault", 0));
  fault.times = object.integer<uint64_t>("times", 0);
  return fault;
}

}  // namespace nvm::binding

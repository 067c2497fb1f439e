// SPDX-License-Identifier: MIT
// nvm_emulator.h.
#include <nvm_emulator.h>

#include <bit>
#include <initializer_list>

#include "capi/handles.h"
#include "emulator/running_device.h"
#include "emulator/statistics.h"
#include "transport/emulator_registry.h"

using nvm::EmulatedNamespaceOptions;
using nvm::EmulatorOptions;
using nvm::ErrorCode;
using nvm::Result;
using nvm::Status;
using nvm::capi::report;
using nvm::emulator::CompletionFault;
using nvm::emulator::ControllerFault;
using nvm::emulator::CorruptedData;
using nvm::emulator::Corruption;
using nvm::emulator::Fault;
using nvm::emulator::FaultAction;
using nvm::emulator::FaultMatch;
using nvm::emulator::FaultQueues;
using nvm::emulator::Runner;
using nvm::emulator::RunningDevice;

struct nvm_emulator {
  std::shared_ptr<RunningDevice> device;
  nvm::ProcessMark process = {};

  // A parent's runs on, on a thread that is not in this process.
  Status refuse_if_inherited() const {
    return process.is_inherited() ? Status(ErrorCode::Closed, process.explain()) : Status();
  }
};

namespace {

// Zero stands for the default of every number.
template <class T>
void set_unless_zero(T& field, uint64_t value) {
  if (value != 0) field = static_cast<T>(value);
}

EmulatedNamespaceOptions read_namespace(uint64_t byte_length, uint32_t lba_byte_length) {
  EmulatedNamespaceOptions options;
  options.byte_length = byte_length;
  if (lba_byte_length != 0) options.lba_byte_length = lba_byte_length;
  return options;
}

Status read_namespaces(const nvm_emulator_options& from, EmulatorOptions& to) {
  if (from.n_namespaces >= to.namespaces_max) {
    return Status(ErrorCode::Range,
                  "a device has at most " + std::to_string(to.namespaces_max) + " namespaces");
  }
  to.namespaces[0] = read_namespace(from.size, from.block_size);
  for (size_t i = 0; i < from.n_namespaces; i++) {
    to.namespaces.push_back(read_namespace(from.namespaces[i].size, from.namespaces[i].block_size));
  }
  return {};
}

Status read_max_data_size(uint64_t byte_length, uint8_t& mdts) {
  constexpr unsigned kPageShift = 12;
  constexpr unsigned kMdtsMax = 16;
  static_assert(nvm::capi::kPageSize == 1u << kPageShift);
  if (byte_length == 0) return {};
  const auto shift = static_cast<unsigned>(std::countr_zero(byte_length));
  if (byte_length == NVM_EMULATOR_NO_LIMIT) {
    mdts = 0;
  } else if (std::has_single_bit(byte_length) && shift > kPageShift &&
             shift <= kPageShift + kMdtsMax) {
    mdts = static_cast<uint8_t>(shift - kPageShift);
  } else {
    return Status(ErrorCode::Range,
                  "max_data_size is a power of two from 8192 to 268435456, or "
                  "NVM_EMULATOR_NO_LIMIT");
  }
  return {};
}

Result<EmulatorOptions> read_options(const nvm_emulator_options& from) {
  EmulatorOptions to;
  if (from.image != nullptr) to.image = from.image;
  to.create = from.size != 0;
  to.read_only = from.read_only;
  NVM_TRY(read_namespaces(from, to));
  set_unless_zero(to.controllers, from.n_ctrls);
  set_unless_zero(to.limits.io_queue_pairs_max, from.queue_pairs);
  set_unless_zero(to.limits.queue_entries_max, from.queue_entries);
  NVM_TRY(read_max_data_size(from.max_data_size, to.limits.mdts));
  to.latency_ns = from.latency_ns;
  to.bytes_per_second = from.bandwidth;
  if (from.drive != nullptr) to.timing_model = from.drive;
  return to;
}

Status refuse(const char* detail) {
  return Status(ErrorCode::Argument, std::string("fault: ") + detail);
}

// One value of several that exclude each other, each with its bit.
template <class T>
struct Choice {
  uint32_t bit;
  T value;
};

template <class T>
Status choose(uint32_t bits, std::initializer_list<Choice<T>> choices, const char* refusal,
              T& chosen) {
  unsigned count = 0;
  for (const Choice<T>& each : choices) {
    if ((bits & each.bit) == 0) continue;
    chosen = each.value;
    count++;
  }
  return count > 1 ? refuse(refusal) : Status();
}

Status read_match(const nvm_fault& from, FaultMatch& to) {
  constexpr uint32_t kAll = (NVM_FAULT_ON_BLKS << 1) - 1;
  if ((from.on & ~kAll) != 0) return refuse("on has bits that enum nvm_fault_match does not have");
  NVM_TRY(choose<FaultQueues>(
      from.on, {{NVM_FAULT_ON_ADMIN, FaultQueues::Admin}, {NVM_FAULT_ON_IO, FaultQueues::Io}},
      "leave out NVM_FAULT_ON_ADMIN and NVM_FAULT_ON_IO when both are meant", to.queues));
  if (from.on & NVM_FAULT_ON_CTRL) to.controller_id = from.ctrl;
  if (from.on & NVM_FAULT_ON_QUEUE) to.queue_id = from.queue;
  if (from.on & NVM_FAULT_ON_OPCODE) to.opcode = from.opcode;
  if (from.on & NVM_FAULT_ON_NS) to.namespace_id = from.ns_id;
  if (from.on & NVM_FAULT_ON_BLKS) {
    to.lbas = nvm::emulator::FaultLbas{from.start_lba, from.n_blks};
  }
  to.nth = from.nth;
  to.every = from.every;
  if (from.probability != 0) to.probability = from.probability;
  if (from.seed != 0) to.seed = from.seed;
  return {};
}

Status read_status(const nvm_fault& from, FaultAction& to) {
  constexpr int kLeast = -0x7ff;  // SCT 7, SC ffh
  if (from.status > 0 || from.status < kLeast) {
    return refuse("status is a packed status: 0, or -((SCT << 8) | SC)");
  }
  const auto field = static_cast<uint16_t>(-from.status);
  to.status_field = (from.effects & NVM_FAULT_DNR) != 0 ? field | nvm::spec::status::dnr : field;
  return {};
}

Status read_corruption(const nvm_fault& from, FaultAction& to) {
  Corruption corruption;
  NVM_TRY(choose<CorruptedData>(from.effects,
                                {{NVM_FAULT_CORRUPT_READ, CorruptedData::ToHost},
                                 {NVM_FAULT_CORRUPT_STORED, CorruptedData::Stored}},
                                "corrupt what is read or what is stored, not both",
                                corruption.data));
  if (from.corrupt_offset != NVM_FAULT_ANYWHERE) corruption.offset = from.corrupt_offset;
  corruption.xor_mask = from.corrupt_mask;
  to.corruption = corruption;
  return {};
}

Status read_action(const nvm_fault& from, FaultAction& to) {
  const uint32_t effects = from.effects;
  constexpr uint32_t kAll = (NVM_FAULT_REMOVE << 1) - 1;
  if ((effects & ~kAll) != 0) {
    return refuse("effects has bits that enum nvm_fault_effect does not have");
  }
  if (effects & NVM_FAULT_DELAY) to.delay_ns = from.delay_ns;
  to.drop = (effects & NVM_FAULT_DROP) != 0;
  if (effects & NVM_FAULT_STATUS) {
    NVM_TRY(read_status(from, to));
  } else if (effects & NVM_FAULT_DNR) {
    return refuse("NVM_FAULT_DNR is a bit of a status: give NVM_FAULT_STATUS too");
  }
  if (effects & NVM_FAULT_TORN) to.torn = nvm::emulator::TornWrite{from.torn_blks, from.torn_bytes};
  if (effects & (NVM_FAULT_CORRUPT_READ | NVM_FAULT_CORRUPT_STORED)) {
    NVM_TRY(read_corruption(from, to));
  }
  NVM_TRY(choose<CompletionFault>(effects,
                                  {{NVM_FAULT_DUPLICATE, CompletionFault::Duplicate},
                                   {NVM_FAULT_UNKNOWN_CID, CompletionFault::UnknownCid},
                                   {NVM_FAULT_WRONG_PHASE, CompletionFault::WrongPhase}},
                                  "one thing at most goes wrong with a completion", to.completion));
  return choose<ControllerFault>(effects,
                                 {{NVM_FAULT_STOP, ControllerFault::Stop},
                                  {NVM_FAULT_FATAL, ControllerFault::Fatal},
                                  {NVM_FAULT_REMOVE, ControllerFault::Remove}},
                                 "a controller stops, fails or is gone: one of them",
                                 to.controller);
}

Result<Fault> read_fault(const nvm_fault& from) {
  Fault to;
  NVM_TRY(read_match(from, to.match));
  NVM_TRY(read_action(from, to.action));
  to.times = from.times;
  return to;
}

}  // namespace

extern "C" int nvm_emulator_start(nvm_emulator_t** emulator, const nvm_emulator_options* options) {
  *emulator = nullptr;
  auto read = read_options(options != nullptr ? *options : nvm_emulator_options{});
  if (!read.ok()) return report(read.status());
  auto made = nvm::emulator::make_emulated_device(read.value());
  if (!made.ok()) return report(made.status());
  *emulator = new nvm_emulator{std::make_shared<RunningDevice>(std::move(made.value()))};
  return 0;
}

extern "C" int nvm_emulator_ctrl(nvm_ctrl_t** ctrl, nvm_emulator_t* emulator, uint16_t index) {
  const Status refusal = emulator->refuse_if_inherited();
  if (!refusal.ok()) return report(refusal);
  // Its address tells a device apart for as long as anybody has it.
  const auto number = reinterpret_cast<uintptr_t>(emulator->device.get());
  return nvm::capi::give_controller(ctrl,
                                    nvm::open_emulated_controller(emulator->device, number, index));
}

extern "C" void nvm_emulator_close(nvm_emulator_t* emulator) {
  if (emulator != nullptr && emulator->process.is_inherited()) return;
  delete emulator;
}

extern "C" int nvm_emulator_inject(uint32_t* fault_id, nvm_emulator_t* emulator,
                                   const nvm_fault* fault) {
  const Status refusal = emulator->refuse_if_inherited();
  if (!refusal.ok()) return report(refusal);
  auto read = read_fault(*fault);
  if (!read.ok()) return report(read.status());
  Runner::Pause pause(emulator->device->runner());
  auto id = pause.subsystem().faults().add(read.value());
  if (!id.ok()) return report(id.status());
  if (fault_id != nullptr) *fault_id = id.value();
  return 0;
}

extern "C" uint64_t nvm_emulator_fault_hits(nvm_emulator_t* emulator, uint32_t fault_id) {
  if (emulator->process.is_inherited()) return 0;
  Runner::Pause pause(emulator->device->runner());
  return pause.subsystem().faults().hits(fault_id);
}

extern "C" void nvm_emulator_fault_remove(nvm_emulator_t* emulator, uint32_t fault_id) {
  if (emulator->process.is_inherited()) return;
  Runner::Pause pause(emulator->device->runner());
  pause.subsystem().faults().remove(fault_id);
}

extern "C" int nvm_emulator_ctrl_stats(nvm_emulator_stats* stats, nvm_emulator_t* emulator,
                                       uint16_t index) {
  const Status refusal = emulator->refuse_if_inherited();
  if (!refusal.ok()) return report(refusal);
  RunningDevice& device = *emulator->device;
  if (index >= device.controller_count()) {
    return report(Status(ErrorCode::Range, "controller " + std::to_string(index) +
                                               " of a device that has " +
                                               std::to_string(device.controller_count())));
  }
  Runner::Pause pause(device.runner());
  const nvm::emulator::Statistics& counted = device.controller(index).statistics();
  stats->commands = counted.io_commands();
  stats->errors = counted.io_command_errors();
  stats->read_commands = counted.read_commands();
  stats->write_commands = counted.write_commands();
  stats->bytes_read = counted.bytes_read();
  stats->bytes_written = counted.bytes_written();
  stats->media_errors = counted.media_errors;
  stats->admin_commands = counted.admin_commands;
  stats->admin_errors = counted.admin_errors;
  stats->doorbells = counted.doorbells;
  stats->invalid_doorbells = counted.invalid_doorbells;
  stats->interrupts = counted.interrupts;
  return 0;
}

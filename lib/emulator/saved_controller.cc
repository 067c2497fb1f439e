// SPDX-License-Identifier: MIT
// A controller as bytes, for a device that goes on in another process with the same host memory:
// registers, queues, features, commands that wait for a time, for room, or for an event.
#include <algorithm>

#include "emulator/admin/feature_table.h"
#include "emulator/archive.h"
#include "emulator/controller_state.h"
#include "emulator/saved_state.h"

namespace nvm::emulator {
namespace {

struct SavedCommand {
  uint16_t queue_id = 0;
  spec::SubmissionQueueEntry sqe{};
  uint16_t status_field = 0;
  uint32_t dword0 = 0;
  uint32_t dword1 = 0;
  bool retried = false;  // at its time; else it completes then
  uint64_t after_ns = 0;
};

struct SavedQueue {
  uint16_t id = 0;
  uint64_t address = 0;
  uint32_t entries = 0;
  uint32_t head = 0;
  uint32_t tail = 0;
  uint32_t doorbell = 0;
  uint16_t phase = 0;
  uint16_t vector = 0;
  bool interrupts = false;
  uint16_t completion_queue = 0;
  uint8_t priority = 0;
};

struct SavedValue {
  FeatureKey key{};
  uint32_t value = 0;
};

struct SavedController {
  Registers registers;
  bool running = false;
  bool weighted = false;
  uint16_t submission_queues_granted = 0;
  uint16_t completion_queues_granted = 0;
  bool has_shadow = false;
  uint64_t shadow_doorbells = 0;
  uint64_t shadow_event_indices = 0;
  std::vector<SavedValue> features;
  uint64_t timestamp_ms = 0;
  bool timestamp_from_host = false;
  bool advanced_retry = false;
  std::vector<uint32_t> changed_namespaces;
  std::vector<SavedQueue> completion_queues;
  std::vector<SavedQueue> submission_queues;
  std::vector<SavedCommand> event_requests;
  std::vector<SavedCommand> timed;
  std::vector<SavedCommand> waiting;
};

auto bytes_of(const spec::SubmissionQueueEntry& sqe) {
  return std::as_bytes(std::span(&sqe, 1));
}
auto bytes_of(spec::SubmissionQueueEntry& sqe) {
  return std::as_writable_bytes(std::span(&sqe, 1));
}

template <class Archive>
void exchange_commands(Archive& archive, auto& commands) {
  archive.list(commands, [&](auto& command) {
    archive.u16(command.queue_id);
    archive.bytes(bytes_of(command.sqe));
    archive.u16(command.status_field);
    archive.u32(command.dword0);
    archive.u32(command.dword1);
    archive.boolean(command.retried);
    archive.u64(command.after_ns);
  });
}

template <class Archive>
void exchange_queues(Archive& archive, auto& queues) {
  archive.list(queues, [&](auto& queue) {
    archive.u16(queue.id);
    archive.u64(queue.address);
    archive.u32(queue.entries);
    archive.u32(queue.head);
    archive.u32(queue.tail);
    archive.u32(queue.doorbell);
    archive.u16(queue.phase);
    archive.u16(queue.vector);
    archive.boolean(queue.interrupts);
    archive.u16(queue.completion_queue);
    archive.u8(queue.priority);
  });
}

template <class Archive>
void exchange_registers(Archive& archive, auto& saved) {
  archive.u32(saved.registers.interrupt_mask);
  archive.u32(saved.registers.cc);
  archive.u32(saved.registers.csts);
  archive.u32(saved.registers.aqa);
  archive.u64(saved.registers.asq);
  archive.u64(saved.registers.acq);
  archive.boolean(saved.running);
  archive.boolean(saved.weighted);
  archive.u16(saved.submission_queues_granted);
  archive.u16(saved.completion_queues_granted);
  archive.boolean(saved.has_shadow);
  archive.u64(saved.shadow_doorbells);
  archive.u64(saved.shadow_event_indices);
}

template <class Archive>
void exchange_controller(Archive& archive, auto& saved) {
  archive.section(archive_tag("CTRL"), 1, [&](uint32_t) {
    exchange_registers(archive, saved);
    archive.list(saved.features, [&](auto& feature) {
      archive.u8(feature.key.id);
      archive.u32(feature.key.part);
      archive.u32(feature.value);
    });
    archive.u64(saved.timestamp_ms);
    archive.boolean(saved.timestamp_from_host);
    archive.boolean(saved.advanced_retry);
    archive.list(saved.changed_namespaces, [&](auto& id) { archive.u32(id); });
    exchange_queues(archive, saved.completion_queues);
    exchange_queues(archive, saved.submission_queues);
    exchange_commands(archive, saved.event_requests);
    exchange_commands(archive, saved.timed);
    exchange_commands(archive, saved.waiting);
  });
}

SavedCommand describe(const Slot& slot) {
  SavedCommand saved;
  saved.queue_id = slot.queue->id;
  saved.sqe = slot.command.sqe;
  saved.status_field = slot.command.status_field;
  saved.dword0 = slot.command.dword0;
  saved.dword1 = slot.command.dword1;
  return saved;
}

Status refuse_state(std::string detail) {
  return Status(ErrorCode::State, std::move(detail));
}

constexpr uint32_t kAdminEntriesMax = 4096;  // that AQA can say

// Whether a host of this device can have made the queue.
bool can_be(const SavedQueue& queue, const PcieControllerLimits& limits) {
#if NVM_CANARY_SAVED_QUEUE_TRUSTED
  return queue.id <= limits.io_queue_pairs_max;
#endif
  const uint32_t entries_max = queue.id == 0 ? kAdminEntriesMax : limits.queue_entries_max;
  return queue.id <= limits.io_queue_pairs_max && queue.address % kPageBytes == 0 &&
         queue.entries >= 2 && queue.entries <= entries_max && queue.head < queue.entries &&
         queue.tail < queue.entries && queue.phase <= 1 &&
         queue.vector < limits.interrupt_vectors_max && queue.priority <= spec::queue_priority::low;
}

}  // namespace

// Sees what a controller keeps to itself.
struct ControllerArchive {
  static bool quiet(const ControllerState& state) {
    const auto unpaired = [](const SubmissionQueue& queue) { return queue.fused_first != nullptr; };
    return state.pending_.empty() && state.held_.empty() && state.fused_.empty() &&
           state.draining_.empty() && state.draining_pairs_.empty() &&
           state.shutdown_flushes_.empty() && state.closing_ == Closing::No &&
           std::none_of(state.submission_queues.begin(), state.submission_queues.end(), unpaired);
  }
  static bool shared(const ControllerState& state) { return !state.clients_.empty(); }
  // Commands of a controller that has stopped never end.
  static bool settled(const ControllerState& state) {
    return !state.running_ || (state.pending_.empty() && state.fused_.empty() &&
                               state.draining_.empty() && state.draining_pairs_.empty());
  }
  static SavedController collect(const ControllerState& state);
  static void collect_queues(const ControllerState& state, SavedController& saved);
  static Status restore(ControllerState& state, const SavedController& saved);
  static Status restore_all(ControllerState& state, const SavedController& saved);
  static bool restore_shadow(ControllerState& state, const SavedController& saved);
  static Status restore_queues(ControllerState& state, const SavedController& saved);
  static Slot* make_slot(ControllerState& state, const SavedCommand& saved);
  static bool restore_commands(ControllerState& state, const SavedController& saved);
  static void restore_features(ControllerState& state, const SavedController& saved);
};

void ControllerArchive::collect_queues(const ControllerState& state, SavedController& saved) {
  for (const CompletionQueue& queue : state.completion_queues) {
    if (!queue.exists()) continue;
    saved.completion_queues.push_back({queue.id, queue.address, queue.entries, queue.head,
                                       queue.tail, state.bar.doorbell(2u * queue.id + 1),
                                       queue.phase, queue.vector, queue.interrupts, 0, 0});
    for (const Slot* slot = queue.waiting_first; slot != nullptr; slot = slot->next) {
      saved.waiting.push_back(describe(*slot));
    }
  }
  for (const SubmissionQueue& queue : state.submission_queues) {
    if (!queue.exists()) continue;
    saved.submission_queues.push_back({queue.id, queue.address, queue.entries, queue.head,
                                       queue.tail, state.bar.doorbell(2u * queue.id), 0, 0, false,
                                       queue.completion_queue->id, queue.priority});
  }
}

SavedController ControllerArchive::collect(const ControllerState& state) {
  SavedController saved;
  saved.registers = state.registers;
  saved.running = state.running_;
  saved.weighted = state.weighted_;
  saved.submission_queues_granted = state.submission_queues_granted;
  saved.completion_queues_granted = state.completion_queues_granted;
  saved.has_shadow = state.shadow_.active;
  saved.shadow_doorbells = state.shadow_.doorbells_address;
  saved.shadow_event_indices = state.shadow_.event_indices_address;
  for (const auto& [key, value] : state.admin.features.values)
    saved.features.push_back({key, value});
  saved.timestamp_ms = timestamp(state) & 0xffffffffffff;
  saved.timestamp_from_host = state.admin.features.timestamp_from_host;
  saved.advanced_retry = state.admin.features.host_behavior.acre != 0;
  saved.changed_namespaces.assign(state.admin.changed_namespaces.begin(),
                                  state.admin.changed_namespaces.end());
  collect_queues(state, saved);
  for (const Slot* slot : state.event_requests) saved.event_requests.push_back(describe(*slot));
  std::vector<Timed> timed = state.timed_;
  std::sort(timed.begin(), timed.end(), [](const Timed& a, const Timed& b) { return later(b, a); });
  const uint64_t now_ns = state.subsystem.now_ns();
  for (const Timed& entry : timed) {
    SavedCommand command = describe(*entry.slot);
    command.retried = entry.slot->command.retry_at_ns != 0;
    command.after_ns = entry.at_ns > now_ns ? entry.at_ns - now_ns : 0;
    saved.timed.push_back(command);
  }
  return saved;
}

Status ControllerArchive::restore_queues(ControllerState& state, const SavedController& saved) {
  for (const SavedQueue& from : saved.completion_queues) {
    if (!can_be(from, state.limits) || state.completion_queues[from.id].exists()) {
      return refuse_state("this device cannot have such a completion queue");
    }
    CompletionQueue& queue = state.completion_queues[from.id];
    if (!state.open_queue(queue, from.address, from.entries, sizeof(spec::CompletionQueueEntry),
                          true)) {
      return refuse_state("a completion queue lies where the host has no memory");
    }
    queue.head = from.head;
    queue.tail = from.tail;
    queue.phase = from.phase;
    queue.vector = from.vector;
    queue.interrupts = from.interrupts;
    state.connect_doorbell(queue, 2u * from.id + 1);
    state.bar.ring(2u * from.id + 1, from.doorbell);
  }
  for (const SavedQueue& from : saved.submission_queues) {
    if (!can_be(from, state.limits) || state.submission_queues[from.id].exists() ||
        from.completion_queue >= state.completion_queues.size() ||
        !state.completion_queues[from.completion_queue].exists()) {
      return refuse_state("this device cannot have such a submission queue");
    }
    SubmissionQueue& queue = state.submission_queues[from.id];
    if (!state.open_queue(queue, from.address, from.entries, sizeof(spec::SubmissionQueueEntry),
                          false)) {
      return refuse_state("a submission queue lies where the host has no memory");
    }
    queue.head = from.head;
    queue.tail = from.tail;
    queue.priority = from.priority;
    queue.completion_queue = &state.completion_queues[from.completion_queue];
    queue.completion_queue->submission_queues++;
    state.connect_doorbell(queue, 2u * from.id);
    state.bar.ring(2u * from.id, from.doorbell);
  }
  return {};
}

Slot* ControllerArchive::make_slot(ControllerState& state, const SavedCommand& saved) {
  if (saved.queue_id >= state.submission_queues.size() ||
      !state.submission_queues[saved.queue_id].exists()) {
    return nullptr;
  }
  Slot* slot = state.pool.take();
  slot->queue = &state.submission_queues[saved.queue_id];
  slot->host = slot->queue->host;
  slot->command.sqe = saved.sqe;
  slot->command.status_field = saved.status_field;
  slot->command.dword0 = saved.dword0;
  slot->command.dword1 = saved.dword1;
  slot->command.retry_at_ns = slot->command.complete_at_ns = 0;
  return slot;
}

bool ControllerArchive::restore_commands(ControllerState& state, const SavedController& saved) {
  if (saved.event_requests.size() > kAsyncEventRequestsMax) return false;
  for (const SavedCommand& command : saved.event_requests) {
    Slot* slot = command.queue_id == 0 ? make_slot(state, command) : nullptr;
    if (slot == nullptr) return false;
    state.event_requests.push_back(slot);
  }
  const uint64_t now_ns = state.subsystem.now_ns();
  for (const SavedCommand& command : saved.timed) {
    Slot* slot = make_slot(state, command);
    if (slot == nullptr) return false;
    const uint64_t at_ns = now_ns + command.after_ns;
    (command.retried ? slot->command.retry_at_ns : slot->command.complete_at_ns) = at_ns;
    state.count_in_flight(slot);
    state.timed_.push_back({at_ns, state.next_sequence_++, slot});
    std::push_heap(state.timed_.begin(), state.timed_.end(), later);
  }
  for (const SavedCommand& command : saved.waiting) {
    Slot* slot = make_slot(state, command);
    if (slot == nullptr) return false;
    state.count_in_flight(slot);
    CompletionQueue& queue = *slot->queue->completion_queue;
    if (queue.waiting_first == nullptr) state.crowded_.push_back(&queue);
    append_waiting(queue, slot);
  }
  return true;
}

void ControllerArchive::restore_features(ControllerState& state, const SavedController& saved) {
  CurrentFeatures& features = state.admin.features;
  for (const SavedValue& feature : saved.features) {
    features.values[feature.key] = feature.value;
    if (feature.key.part == 0) state.features[feature.key.id] = feature.value;
    if (feature.key.id == spec::feature::interrupt_vector_configuration &&
        feature.key.part < state.vectors.size()) {
      state.vectors[feature.key.part].coalescing_disabled =
          spec::feature_interrupt_vector_configuration::cd.get(feature.value) != 0;
    }
  }
  features.host_behavior.acre = saved.advanced_retry;
  features.timestamp_ms = saved.timestamp_ms;
  features.timestamp_at_ns = state.subsystem.running_ns();
  features.timestamp_from_host = saved.timestamp_from_host;
  state.admin.changed_namespaces.insert(saved.changed_namespaces.begin(),
                                        saved.changed_namespaces.end());
  state.admin.in_use = saved.running;
  state.restart_keep_alive();
  update_write_cache(state.subsystem);
}

bool ControllerArchive::restore_shadow(ControllerState& state, const SavedController& saved) {
  if (!saved.has_shadow) return true;
  if ((saved.shadow_doorbells | saved.shadow_event_indices) % kPageBytes != 0) return false;
  state.shadow_ = {.active = true,
                   .doorbells_address = saved.shadow_doorbells,
                   .event_indices_address = saved.shadow_event_indices};
  return state.resolve_shadow_doorbells();
}

Status ControllerArchive::restore_all(ControllerState& state, const SavedController& saved) {
  const uint64_t capabilities = state.registers.cap;
  const uint16_t pairs_max = state.limits.io_queue_pairs_max;
  state.registers = saved.registers;
  state.registers.cap = capabilities;
  state.submission_queues_granted =
      std::clamp<uint16_t>(saved.submission_queues_granted, 1, pairs_max);
  state.completion_queues_granted =
      std::clamp<uint16_t>(saved.completion_queues_granted, 1, pairs_max);
  restore_features(state, saved);
  if (!restore_shadow(state, saved)) {
    return refuse_state("its shadow doorbells lie where the host has no memory for them");
  }
  NVM_TRY(restore_queues(state, saved));
  if (saved.running && !state.submission_queues[0].exists()) {
    return refuse_state("it is enabled and has no admin queue");
  }
  return restore_commands(state, saved) ? Status() : refuse_state("a command belongs to no queue");
}

Status ControllerArchive::restore(ControllerState& state, const SavedController& saved) {
  state.reset();
  Status restored = restore_all(state, saved);
  if (!restored.ok()) {
    state.reset();
    return restored;
  }
  state.running_ = saved.running;
  state.weighted_ = saved.weighted;
  state.resolved_generation_ = state.owner.domain.generation();
  state.update_active_queues();
  state.show_registers();
  // Whoever waits for an interrupt that was on its way gets one too many.
  if (state.interrupt_sink != nullptr) {
    for (const CompletionQueue& queue : state.completion_queues) {
      if (queue.exists() && queue.interrupts) state.interrupt_sink->raise(queue.vector);
    }
  }
  return {};
}

bool is_settled(Subsystem& subsystem) {
  bool settled = !subsystem.changing_namespaces;
  for (size_t i = 0; i < subsystem.controller_count(); i++) {
    settled &= ControllerArchive::settled(subsystem.controller(i).state());
  }
  // A format goes on without the command that asked for it.
  subsystem.for_each_namespace(
      [&](const Namespace& ns) { settled &= ns.unavailable != spec::status::format_in_progress; });
  return settled;
}

Result<std::vector<std::byte>> save_controllers(Subsystem& subsystem) {
  ArchiveWriter writer;
  writer.u32(static_cast<uint32_t>(subsystem.controller_count()));
  for (size_t i = 0; i < subsystem.controller_count(); i++) {
    const ControllerState& state = subsystem.controller(i).state();
    if (ControllerArchive::shared(state)) {
      return refuse_state("clients share it; their memory lies in other processes");
    }
    if (!ControllerArchive::quiet(state)) {
      return refuse_state("commands are under way; hold fetching and step until they have ended");
    }
    const SavedController saved = ControllerArchive::collect(state);
    exchange_controller(writer, saved);
  }
  return writer.finish();
}

Status load_controllers(Subsystem& subsystem, std::span<const std::byte> bytes) {
  auto reader = ArchiveReader::open(bytes);
  if (!reader.ok()) return std::move(reader.status());
  uint32_t count = 0;
  reader.value().u32(count);
  if (count != subsystem.controller_count()) {
    return refuse_state("it has " + std::to_string(count) + " controllers, this device has " +
                        std::to_string(subsystem.controller_count()));
  }
  std::vector<SavedController> saved(count);
  for (SavedController& controller : saved) exchange_controller(reader.value(), controller);
  NVM_TRY(reader.value().finish());
  for (size_t i = 0; i < count; i++) {
    NVM_TRY(ControllerArchive::restore(subsystem.controller(i).state(), saved[i]));
  }
  return {};
}

}  // namespace nvm::emulator

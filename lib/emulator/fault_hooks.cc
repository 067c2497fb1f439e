// SPDX-License-Identifier: MIT
// Commands that do not go the usual way: what installed faults (faults/fault.h) make of them, and
// completions that tell of an error.
#include <algorithm>

#include "emulator/controller_state.h"

namespace nvm::emulator {

// Asks about a command that was just fetched; true when it is out of the way for now, or for good.
bool ControllerState::consult_faults(Slot* slot, Clock& clock) {
  Command& command = slot->command;
  const FaultEffect effect =
      subsystem.faults().consult(faulted_command(controller_id, slot->queue->id, command.sqe));
  if (!effect.any()) return false;
  if (effect.controller != ControllerFault::None) {
    suffer(effect.controller);
    recycle(slot);
    return true;
  }
  slot->effect = std::make_unique<FaultEffect>(effect);
  command.fault = slot->effect.get();
  // Half of a fused pair waits with the other one.
  const bool fused = slot->queue->id != 0 && spec::sqe_flags::fuse.get(command.sqe.flags) != 0;
  if (effect.delay_ns == 0 || fused) return false;
  if (slot->queue->fused_first != nullptr) leave_unpaired(*slot->queue);
  slot->ns = nullptr;
  command.retry_at_ns = clock.now_ns() + effect.delay_ns;
  count_in_flight(slot);
  timed_.push_back({command.retry_at_ns, next_sequence_++, slot});
  std::push_heap(timed_.begin(), timed_.end(), later);
  return true;
}

// As begin(), for a command that a fault may keep from being executed.
bool ControllerState::begin_faulty(Slot* slot, Clock& clock) {
  Command& command = slot->command;
  if (command.fault == nullptr || command.fault->executes()) return begin(slot, clock);
  slot->ns = nullptr;
  command.data.clear();
  command.metadata.clear();
  return true;
}

void ControllerState::suffer(ControllerFault fault) {
  if (fault == ControllerFault::Fatal) return fatal();
  running_ = false;
  if (fault != ControllerFault::Remove) return;
  removed_ = true;
  show_registers();
}

// A completion with an error, or of a command that a fault befell.
void ControllerState::post_unusual(CompletionQueue& queue, Slot& slot) {
  CompletionFault fault = CompletionFault::None;
  if (slot.effect != nullptr) {
    const std::unique_ptr<FaultEffect> effect = std::move(slot.effect);
    slot.command.fault = nullptr;
    if (effect->drop) return;
    slot.command.status_field = effect->status_field.value_or(slot.command.status_field);
    fault = effect->completion;
  }
  if (slot.command.status_field != spec::status::success) {
    note_error(slot);
  } else {
    count(slot);
  }
  if (fault == CompletionFault::None) {
    post_entry(queue, slot, slot.command.sqe.cid, queue.phase);
  } else {
    post_faulty(queue, slot, fault);
  }
}

void ControllerState::post_faulty(CompletionQueue& queue, const Slot& slot, CompletionFault fault) {
  const uint16_t cid = slot.command.sqe.cid;
  switch (fault) {
    case CompletionFault::UnknownCid:
      return post_entry(queue, slot, static_cast<uint16_t>(~cid), queue.phase);
    case CompletionFault::WrongPhase:
      return post_entry(queue, slot, cid, queue.phase ^ 1);
    default: {
      post_entry(queue, slot, cid, queue.phase);
      // Not in the room that commands behind it count on.
      const uint32_t needed = &queue == fetching_into_ ? 1 + reserved_ : 1;
      if (free_entries(queue, needed) >= needed) post_entry(queue, slot, cid, queue.phase);
    }
  }
}

void ControllerState::note_error(Slot& slot) {
  Command& command = slot.command;
  const bool is_admin = slot.queue->id == 0;
  if (is_admin) {
    statistics.admin_errors++;
  } else {
    statistics.io_errors[command.sqe.opc & 3]++;
    if (is_media_error(command.status_field)) statistics.media_errors++;
  }
  if (!is_logged(command.status_field)) return;
  command.status_field |= spec::status_field::m.mask;
  error_log.record(slot.queue->id, command, command.status_field, is_admin);
}

}  // namespace nvm::emulator

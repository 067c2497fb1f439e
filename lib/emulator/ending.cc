// SPDX-License-Identifier: MIT
// Commands that end before they are done: aborted, of a queue that is deleted, dropped by a reset.
#include <algorithm>
#include <utility>

#include "emulator/controller_state.h"

namespace nvm::emulator {

// The command that an Abort names, if nothing works on it right now: it is in none of the lists any
// more. What is executed already only waits for its time, or for room in its completion queue; the
// latter is not found.
Slot* ControllerState::take_out(uint16_t queue_id, uint16_t cid) {
  const auto named = [=](const Slot* slot) {
    return slot->queue->id == queue_id && slot->command.sqe.cid == cid;
  };
  const auto from = [&](std::vector<Slot*>& list, auto admits) -> Slot* {
    const auto found = std::find_if(list.begin(), list.end(),
                                    [&](Slot* slot) { return named(slot) && admits(slot); });
    if (found == list.end()) return nullptr;
    Slot* slot = *found;
    list.erase(found);
    return slot;
  };
  const auto any = [](const Slot*) { return true; };
  if (Slot* slot = from(event_requests, any)) return slot;
  if (Slot* slot = from(held_, any)) return slot;
  // An admin command may be half way through a change.
  if (Slot* slot = from(pending_, [](const Slot* candidate) {
        return candidate->queue->id != 0 && !candidate->command.task.busy();
      })) {
    slot->command.task.clear();
    return slot;
  }
  const auto entry = std::find_if(timed_.begin(), timed_.end(),
                                  [&](const Timed& timed) { return named(timed.slot); });
  if (entry == timed_.end()) return nullptr;
  Slot* slot = entry->slot;
  timed_.erase(entry);
  std::make_heap(timed_.begin(), timed_.end(), later);
  return slot;
}

bool ControllerState::abort(uint16_t queue_id, uint16_t cid) {
  Slot* slot = take_out(queue_id, cid);
  if (slot == nullptr) return false;
  slot->command.status_field = spec::status::command_aborted;
  complete(slot);
  return true;
}

// Ends a command, which is in no list any more, with an entry if there is room for one; its queue
// goes, and so does the command.
void ControllerState::end(Slot* slot, uint16_t status) {
  CompletionQueue& queue = *slot->queue->completion_queue;
  const uint32_t needed = &queue == fetching_into_ ? 1 + reserved_ : 1;
  if (status != spec::status::success && room(queue, needed) >= needed) {
    slot->command.status_field = status;
    post(queue, *slot);
  }
  release(slot);
}

// Keeps a command whose task a store or the host still works for; nobody hears of its end.
void ControllerState::drain(Slot* slot) {
  if (slot->in_flight) slot->queue->in_flight--;
  slot->in_flight = false;
  slot->effect.reset();
  slot->command.fault = nullptr;
  draining_.push_back(slot);
  leftovers_ = true;
}

// Of a queue that is being deleted.
void ControllerState::end_early(Slot* slot) {
  constexpr uint16_t kStatus = spec::status::aborted_sq_deletion;
  if (slot->command.task && slot->command.task.busy()) {
    Slot* told = pool.take();
    told->command.sqe = slot->command.sqe;
    told->queue = slot->queue;
    told->host = slot->host;
    end(told, kStatus);
    drain(slot);
  } else {
    slot->command.task.clear();
    end(slot, kStatus);
  }
}

void ControllerState::end_pair(FusedPair& pair, uint16_t status) {
  if (!pair.task.busy()) {
    pair.task.clear();
    for (Slot* slot : {pair.first, pair.second}) {
      slot->command.task.clear();
      end(slot, status);
    }
    return;
  }
  for (Slot* slot : {pair.first, pair.second}) {
    if (slot->in_flight) slot->queue->in_flight--;
    slot->in_flight = false;
  }
  draining_pairs_.push_back(std::move(pair));
  leftovers_ = true;
}

// All commands of a queue that is being deleted (NVMe base 2.0, 5.7). Those that have no entry
// complete by the deletion itself, as the specification allows. What changes a store ends when that
// has ended, and the deletion waits for it; anything else goes on unseen.
void ControllerState::end_commands(SubmissionQueue& queue) {
  std::vector<Slot*> ended;
  const auto take_from = [&](std::vector<Slot*>& list) {
    std::erase_if(list, [&](Slot* slot) {
      const Task& task = slot->command.task;
      if (slot->queue != &queue || (task && task.changes())) return false;
      ended.push_back(slot);
      return true;
    });
  };
  take_from(held_);
  take_from(pending_);
  std::erase_if(timed_, [&](const Timed& entry) {
    if (entry.slot->queue != &queue) return false;
    ended.push_back(entry.slot);
    return true;
  });
  std::make_heap(timed_.begin(), timed_.end(), later);
  if (queue.fused_first != nullptr) {
    ended.push_back(std::exchange(queue.fused_first, nullptr));
    if (--unpaired_ == 0) unusual_ &= static_cast<uint8_t>(~kUnpaired);
  }
  drop_waiting(*queue.completion_queue, &queue);
  for (Slot* slot : ended) end_early(slot);
  std::erase_if(fused_, [&](FusedPair& pair) {
    if (pair.first->queue != &queue || pair.task.changes()) return false;
    end_pair(pair, spec::status::aborted_sq_deletion);
    return true;
  });
}

// Completions that wait for room; of one submission queue, or, with null, all.
void ControllerState::drop_waiting(CompletionQueue& cq, const SubmissionQueue* queue) {
  Slot* slot = cq.waiting_first;
  cq.waiting_first = cq.waiting_last = nullptr;
  while (slot != nullptr) {
    Slot* next = slot->next;
    if (queue == nullptr || slot->queue == queue) {
      release(slot);
    } else {
      append_waiting(cq, slot);
    }
    slot = next;
  }
  if (cq.waiting_first == nullptr) std::erase(crowded_, &cq);
}

// All there are, without a word: a reset.
void ControllerState::drop_commands() {
  constexpr uint16_t kUntold = spec::status::success;
  for (const Timed& entry : timed_) release(entry.slot);
  timed_.clear();
  for (Slot* slot : held_) release(slot);
  held_.clear();
  for (Slot* slot : event_requests) release(slot);
  event_requests.clear();
  for (Slot* slot : pending_) {
    if (slot->command.task.busy()) {
      drain(slot);
    } else {
      slot->command.task.clear();
      release(slot);
    }
  }
  pending_.clear();
  for (FusedPair& pair : fused_) end_pair(pair, kUntold);
  fused_.clear();
  for (SubmissionQueue& queue : submission_queues) {
    if (queue.fused_first != nullptr) release(std::exchange(queue.fused_first, nullptr));
  }
  unpaired_ = 0;
  for (CompletionQueue& queue : completion_queues) drop_waiting(queue, nullptr);
}

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// From results to completion queues: posting an entry so that the host sees it whole, and waiting
// for room when the host has not consumed.
#include <cstring>
#include <utility>

#include "emulator/controller_state.h"
#include "platform/sigbus_guard.h"

namespace nvm::emulator {
namespace {

using EntryWords = uint32_t[4];

#if NVM_CANARY_MISSING_BARRIER
// The host can see the phase tag before the rest of the entry.
void store_entry(uint32_t* words, const EntryWords& entry) {
  std::atomic_ref<uint32_t>(words[3]).store(entry[3], std::memory_order_relaxed);
  memcpy(words, entry, sizeof(entry));
}
#else
// The phase tag is in the last word: who acquires it sees the others, and the command's data.
void store_entry(uint32_t* words, const EntryWords& entry) {
  for (int i = 0; i < 3; i++) {
    std::atomic_ref<uint32_t>(words[i]).store(entry[i], std::memory_order_relaxed);
  }
  std::atomic_ref<uint32_t>(words[3]).store(entry[3], std::memory_order_release);
}
#endif

bool store_guarded(uint32_t* words, const EntryWords& entry) {
  return guarded_copy(words, entry, 3 * sizeof(uint32_t)) && guarded_publish(words[3], entry[3]);
}

}  // namespace

void ControllerState::count(const Slot& slot) {
  if (slot.queue->id == 0) {
    statistics.admin_commands++;
    return;
  }
  CommandCounter& counter = statistics.io[slot.command.sqe.opc];
  counter.commands++;
  counter.bytes += slot.command.data.byte_length();
}

void ControllerState::post(CompletionQueue& queue, Slot& slot) {
  const Command& command = slot.command;
  if ((command.status_field != spec::status::success) | (command.fault != nullptr)) [[unlikely]] {
    return post_unusual(queue, slot);
  }
  count(slot);
  post_entry(queue, slot, command.sqe.cid, queue.phase);
}

void ControllerState::post_entry(CompletionQueue& queue, const Slot& slot, uint16_t cid,
                                 uint16_t phase) {
  const Command& command = slot.command;
  spec::CompletionQueueEntry entry;
  entry.dw0 = command.dword0;
  entry.dw1 = command.dword1;
  entry.sqhd = static_cast<uint16_t>(slot.queue->head);
  entry.sqid = slot.queue->id;
  entry.cid = cid;
  entry.status = static_cast<uint16_t>(command.status_field << 1 | phase);
  EntryWords words;
  static_assert(sizeof(words) == sizeof(entry));
  memcpy(words, &entry, sizeof(words));
  auto* at = reinterpret_cast<uint32_t*>(queue.bytes + queue.tail * sizeof(entry));
  if (!queue.may_fault) {
    store_entry(at, words);
  } else if (!store_guarded(at, words)) {
    return fatal();
  }
  queue.tail = queue.after(queue.tail);
#if !NVM_CANARY_PHASE
  if (queue.tail == 0) queue.phase ^= 1;
#endif
  if (!queue.interrupts) return;
  queue.unsignalled++;
  if (!queue.raise_due) {
    queue.raise_due = true;
    posted_.push_back(&queue);
  }
}

// Free entries, at least `wanted` if there are that many: the doorbell is read only when what we
// know does not suffice. None while earlier completions wait.
uint32_t ControllerState::room(CompletionQueue& queue, uint32_t wanted) {
  if (queue.waiting_first != nullptr) return 0;
  return free_entries(queue, wanted);
}

uint32_t ControllerState::free_entries(CompletionQueue& queue, uint32_t wanted) {
  // A full queue has one entry unused, so that full and empty differ.
  uint32_t used = queue.distance(queue.head, queue.tail);
  const uint32_t known = queue.entries - 1 - used;
  if (known >= wanted) return known;
  const uint32_t head = read_doorbell(queue, 2u * queue.id + 1);
  if (head < queue.entries && queue.distance(queue.head, head) <= used) {
    queue.head = head;
    used = queue.distance(head, queue.tail);
  } else if (head != queue.rejected_head) {
    queue.rejected_head = head;
    reject_doorbell(spec::async_event_error::invalid_doorbell_value);
  }
  return queue.entries - 1 - used;
}

// Posts the completion of a command that waited, or lines it up behind others.
void ControllerState::complete(Slot* slot) {
  CompletionQueue& queue = *slot->queue->completion_queue;
  const uint32_t needed = &queue == fetching_into_ ? 1 + reserved_ : 1;
  if (room(queue, needed) < needed) {
    if (queue.waiting_first == nullptr) crowded_.push_back(&queue);
    background_ = true;
    uncount(slot);  // nobody may have to wait until this host consumes
    append_waiting(queue, slot);
    return;
  }
  post(queue, *slot);
  release(slot);
}

void ControllerState::release(Slot* slot) {
  if (slot->in_flight) slot->queue->in_flight--;
  slot->in_flight = false;
  recycle(slot);
}

// It does nothing to its namespace any more.
void ControllerState::uncount(Slot* slot) {
  if (slot->counted != nullptr) std::exchange(slot->counted, nullptr)->in_flight--;
}

void ControllerState::recycle(Slot* slot) {
  uncount(slot);
  slot->effect.reset();
  slot->lists.reset();
  slot->bringing_lists = false;
  slot->command.fault = nullptr;
  pool.give(slot);
}

bool ControllerState::post_waiting() {
  bool worked = false;
  std::erase_if(crowded_, [&](CompletionQueue* queue) {
    while (queue->waiting_first != nullptr && free_entries(*queue, 1) != 0) {
      Slot* slot = queue->waiting_first;
      queue->waiting_first = slot->next;
      post(*queue, *slot);
      release(slot);
      worked = true;
    }
    return queue->waiting_first == nullptr;
  });
  return worked;
}

}  // namespace nvm::emulator

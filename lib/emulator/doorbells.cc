// SPDX-License-Identifier: MIT
// How a controller hears of its host: doorbell registers, and the shadow doorbells in the host's
// memory that Doorbell Buffer Config names (NVMe base 2.0, 5.8 and B.5), which the host rings
// loudly only when the event index says that the controller no longer looks.
#include "emulator/controller_state.h"
#include "platform/ordering.h"
#include "platform/sigbus_guard.h"

namespace nvm::emulator {
namespace {

// Of I/O queues only; those of the admin queues are registers.
constexpr uint32_t kFirstShadow = 2;

uint32_t* word_at(std::byte* page, uint32_t index) {
  return reinterpret_cast<uint32_t*>(page) + index;
}

std::byte* find_page(const Domain& domain, uint64_t address, bool& may_fault) {
  const Region* region = domain.find(address, kPageBytes);
  if (region == nullptr || region->bytes == nullptr || !region->writable) return nullptr;
  may_fault |= region->may_fault;
  return region->bytes + (address - region->first);
}

bool store_word(uint32_t* word, uint32_t value, bool may_fault) {
  if (may_fault) return guarded_publish(*word, value);
  std::atomic_ref<uint32_t>(*word).store(value, std::memory_order_release);
  return true;
}

}  // namespace

// A doorbell as a register, for hosts that have not mapped it.
void ControllerState::write_doorbell(uint32_t offset, uint32_t value) {
  const uint32_t index = (offset - kDoorbellOffset) / sizeof(uint32_t);
  const uint32_t id = index / 2;
  const QueueMemory* queue = nullptr;
  if (id < submission_queues.size()) {
    queue = index % 2 == 0 ? static_cast<const QueueMemory*>(&submission_queues[id])
                           : &completion_queues[id];
  }
  statistics.doorbells++;
  if (queue == nullptr || !queue->exists() || queue->host != &owner) {
    reject_doorbell(spec::async_event_error::invalid_doorbell_register);
  } else if (value >= queue->entries) {
    reject_doorbell(spec::async_event_error::invalid_doorbell_value);
  } else {
    ring(*queue->host, index, value);
  }
}

void ControllerState::reject_doorbell(uint8_t information) {
  statistics.invalid_doorbells++;
  if (!running_) return;
  const bool nobody = information == spec::async_event_error::invalid_doorbell_register;
  spec::ErrorLogEntry entry{};
  entry.sqid = kNoIdentifier;
  entry.cid = kNoIdentifier;
  entry.parameter_error_location = kNoErrorLocation;
  entry.status_field = spec::cqe_status::sf.put(nobody ? spec::status::invalid_queue_identifier
                                                       : spec::status::invalid_field);
  error_log.record(entry);
  report({spec::async_event_type::error, information, spec::log_page::error_information});
}

void ControllerState::connect_doorbell(QueueMemory& queue, uint32_t index) {
  if (!shadow_.active || index < kFirstShadow || queue.host != &owner) {
    queue.doorbell = &queue.host->doorbells[index];
    queue.event_index = nullptr;
    return;
  }
  queue.doorbell = shadow_.may_fault ? nullptr : word_at(shadow_.doorbells, index);
  queue.event_index = word_at(shadow_.event_indices, index);
}

// From now on I/O queues, those that exist too, are rung in the host's memory.
bool ControllerState::use_shadow_doorbells(uint64_t doorbells_address,
                                           uint64_t event_indices_address) {
  const ShadowDoorbells before = shadow_;
  shadow_ = {.active = true,
             .doorbells_address = doorbells_address,
             .event_indices_address = event_indices_address};
  if (!resolve_shadow_doorbells()) {
    shadow_ = before;
    return false;
  }
  for (size_t id = 1; id < submission_queues.size(); id++) {
    for (const uint32_t index :
         {static_cast<uint32_t>(2 * id), static_cast<uint32_t>(2 * id + 1)}) {
      const uint32_t value = bar.doorbell(index);
      if (!store_word(word_at(shadow_.doorbells, index), value, shadow_.may_fault) ||
          !store_word(word_at(shadow_.event_indices, index), value, shadow_.may_fault)) {
        shadow_ = before;
        resolve_shadow_doorbells();
        return false;
      }
    }
  }
  return true;
}

// Also after the owner's domain has changed; false when the pages are gone.
bool ControllerState::resolve_shadow_doorbells() {
  if (shadow_.active) {
    shadow_.may_fault = false;
    shadow_.doorbells = find_page(owner.domain, shadow_.doorbells_address, shadow_.may_fault);
    shadow_.event_indices =
        find_page(owner.domain, shadow_.event_indices_address, shadow_.may_fault);
    if (shadow_.doorbells == nullptr || shadow_.event_indices == nullptr) return false;
  }
  for (size_t id = 1; id < submission_queues.size(); id++) {
    const auto index = static_cast<uint32_t>(2 * id);
    if (submission_queues[id].exists()) connect_doorbell(submission_queues[id], index);
    if (completion_queues[id].exists()) connect_doorbell(completion_queues[id], index + 1);
  }
  return true;
}

// A page that cannot be read holds no valid doorbell.
uint32_t ControllerState::read_shadow(uint32_t index) const {
  uint32_t value;
  const uint32_t* word = word_at(shadow_.doorbells, index);
  return guarded_copy(&value, word, sizeof(value)) ? value : UINT32_MAX;
}

// The host's tail; the last valid one when the doorbell holds none.
uint32_t ControllerState::read_tail(SubmissionQueue& queue) {
  const uint32_t tail = read_doorbell(queue, 2u * queue.id);
  if (tail == queue.tail) return tail;
  if (tail < queue.entries) {
    statistics.doorbells++;
    queue.tail = tail;
  } else if (tail != queue.rejected_tail) {
    queue.rejected_tail = tail;
    reject_doorbell(spec::async_event_error::invalid_doorbell_value);
  }
  return queue.tail;
}

// Nothing is to be fetched: from now on the host's next ring is a loud one. The tail once more, for
// a host that rang before it could know.
uint32_t ControllerState::ask_for_ring(SubmissionQueue& queue) {
  uint32_t asked;
  if (!guarded_copy(&asked, queue.event_index, sizeof(asked)) || asked == queue.tail) {
    return queue.tail;
  }
  if (!store_word(queue.event_index, queue.tail, shadow_.may_fault)) return queue.tail;
  store_load_fence();
  return read_tail(queue);
}

// Whether the host has yet to take entries of those that `arrived`; it then rings loudly when it
// does. Once it has taken all, what it was asked stays: it may be about to look.
bool ControllerState::ask_for_ring(CompletionQueue& queue, uint32_t arrived) {
  constexpr int kTriesMax = 8;  // it may move its head meanwhile
  for (int i = 0; i < kTriesMax; i++) {
    const uint32_t head = read_doorbell(queue, 2u * queue.id + 1);
    if (head == arrived) return false;
    if (queue.event_index == nullptr) return true;
    uint32_t asked;
    if (!guarded_copy(&asked, queue.event_index, sizeof(asked)) || asked == head) return true;
    if (!store_word(queue.event_index, head, shadow_.may_fault)) return true;
    store_load_fence();
  }
  return true;
}

}  // namespace nvm::emulator

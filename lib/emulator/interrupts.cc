// SPDX-License-Identifier: MIT
// Interrupts (NVMe base 2.0, 3.1.3 and 5.27.1.6): one per vector and batch, none for completions
// that the host has found meanwhile; several batches may share one (coalescing). The pin follows
// its level.
#include <algorithm>
#include <utility>

#include "emulator/controller_state.h"

namespace nvm::emulator {
namespace {

// The end of the entries that the host can see: of a queue that is reached by messages, those that
// have arrived.
uint32_t arrived(const CompletionQueue& queue) {
  return queue.mirror == nullptr ? queue.tail : queue.mirror->reached();
}

bool has_news(const CompletionQueue* queue) {
  return queue->mirror == nullptr || queue->mirror->reached() != queue->told;
}

}  // namespace

// Whether the host has taken everything out of the queue.
bool ControllerState::consumed(const CompletionQueue& queue) const {
  return read_doorbell(queue, 2u * queue.id + 1) == queue.tail;
}

void ControllerState::connect_interrupts(InterruptSink* sink) {
  interrupt_sink = sink;
  pin_used_ = false;  // a new sink begins so
  pin_asserted_ = false;
}

void ControllerState::raise_interrupts(Clock& clock) {
  constexpr uint64_t kAggregationUnitNs = 100'000;
  const uint32_t setting = features[spec::feature::interrupt_coalescing];
  const uint32_t threshold = spec::feature_interrupt_coalescing::thr.get(setting) + 1;
  const uint64_t wait_ns =
      spec::feature_interrupt_coalescing::time.get(setting) * kAggregationUnitNs;
  uint64_t now_ns = 0;
  const size_t due = std::partition(posted_.begin(), posted_.end(), has_news) - posted_.begin();
  for (size_t i = 0; i < due; i++) {
    CompletionQueue* queue = posted_[i];
    if (queue->mirror != nullptr) queue->told = queue->mirror->reached();
    queue->raise_due = false;
    const uint32_t entries = std::exchange(queue->unsignalled, 0);
    if (consumed(*queue)) continue;
    VectorState& vector = vectors[queue->vector];
    vector.entries += entries;
    const bool waits =
        wait_ns != 0 && queue->id != 0 && !vector.coalescing_disabled && vector.entries < threshold;
    if (waits && vector.due_ns == 0) {
      if (now_ns == 0) now_ns = clock.now_ns();
      vector.due_ns = now_ns + wait_ns;
      coalesced_.push_back(queue->vector);
      background_ = true;
    } else if (!waits) {
      vector.due_ns = 1;  // below, once for all queues of the vector
    }
  }
  for (size_t i = 0; i < due; i++) {
    if (vectors[posted_[i]->vector].due_ns == 1) raise(posted_[i]->vector);
  }
  std::erase_if(posted_, [](CompletionQueue* queue) {
    queue->raise_due = queue->mirror != nullptr && queue->told != queue->tail;
    return !queue->raise_due;
  });
}

void ControllerState::raise(uint16_t vector) {
  if (!coalesced_.empty()) std::erase(coalesced_, vector);
  vectors[vector].entries = 0;
  vectors[vector].due_ns = 0;
  statistics.interrupts++;
  if (interrupt_sink != nullptr) interrupt_sink->raise(vector);
}

void ControllerState::raise_overdue(Clock& clock) {
  const uint64_t now_ns = clock.now_ns();
  const std::vector<uint16_t> waiting = coalesced_;
  for (const uint16_t vector : waiting) {
    VectorState& state = vectors[vector];
    if (state.due_ns > now_ns) continue;
    const bool wanted = std::any_of(
        interrupting_.begin(), interrupting_.end(),
        [&](const CompletionQueue* queue) { return queue->vector == vector && !consumed(*queue); });
    std::erase(coalesced_, vector);
    state = {.coalescing_disabled = state.coalescing_disabled};
    if (wanted) raise(vector);
  }
}

void ControllerState::forget_interrupt(CompletionQueue& queue) {
  std::erase(posted_, &queue);
  queue.raise_due = false;
}

// Without MSI-X all queues have the vector that INTMS and INTMC mask with bit 0.
bool ControllerState::masks(const CompletionQueue& queue) const {
  return (registers.interrupt_mask >> queue.vector % 32 & 1) != 0;
}

// Asserted while a queue with interrupts has entries that the host can take.
bool ControllerState::pin_level() const {
  const auto asks = [this](const CompletionQueue* queue) {
    return !masks(*queue) && read_doorbell(*queue, 2u * queue->id + 1) != arrived(*queue);
  };
  if (running_ && owner.domain.generation() != resolved_generation_) return pin_asserted_;
  return running_ && std::any_of(interrupting_.begin(), interrupting_.end(), asks);
}

void ControllerState::use_pin(bool used) {
  if (used == pin_used_) return;
  pin_used_ = used;
  if (used) return update_pin();
  if (std::exchange(pin_asserted_, false)) interrupt_sink->set_pin(false);
}

// Whoever shows the pin to the host may do so until the host's next access to the device, so taking
// the entries must be one: hence the rings.
void ControllerState::update_pin() {
  if (!pin_used_) return;
  // Memory that shadow doorbells were in may be gone: the next step finds out.
  if (running_ && owner.domain.generation() != resolved_generation_) return;
  bool asserted = false;
  if (running_) {
    for (CompletionQueue* queue : interrupting_) {
      asserted |= !masks(*queue) && ask_for_ring(*queue, arrived(*queue));
    }
  }
  if (asserted == pin_asserted_) return;
  pin_asserted_ = asserted;
  interrupt_sink->set_pin(asserted);
}

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// One submission queue with its completion queue. Small verbs that compose, for one thread at a time:
//   enqueue (memory only) → ring (doorbell only);  poll → consume → ring_cq (doorbell only).
// The verbs are inline: they are the hot path of native callers, and what TypeScript's raw path mirrors on the
// same control block.
#pragma once

#include <cstdint>
#include <memory>

#include "driver/queue_control_block.h"
#include "memory/dma_descriptor.h"
#include "spec/nvme.h"
#include "transport/transport.h"

namespace nvm {

class Controller;

struct QueuePairOptions {
  uint32_t depth = 32;       // commands that can be outstanding; the queue has one entry more (2 … MQES+1 entries)
  bool wakes = false;        // create the CQ with interrupts, for a consumer that sleeps
  WakeTarget wake{};         // fd to write to; `armed` is the control block's own word
};

class QueuePair {
 public:
  ~QueuePair();  // as close(), result ignored

  // Deletes the SQ, then the CQ, waiting at most two admin timeouts; then the memory goes. When the device does
  // not answer, the memory is quarantined with the controller and the failure returned. Idempotent.
  Status close();

  uint16_t id() const { return static_cast<uint16_t>(block_->queue_id); }
  QueueControlBlock& block() { return *block_; }
  spec::SubmissionQueueEntry* sq_entries() { return sq_; }
  spec::CompletionQueueEntry* cq_entries() { return cq_; }
  volatile uint32_t* sq_doorbell() { return sq_doorbell_; }
  volatile uint32_t* cq_doorbell() { return cq_doorbell_; }
  const Doorbells& doorbells() const { return doorbells_; }

  // One page of PRP list per command id (0 … depth−1) and its I/O address.
  uint64_t* prp_list(uint32_t command_id);
  uint64_t prp_list_address(uint32_t command_id) const;
  const std::shared_ptr<DmaDescriptor>& prp_memory() const { return prp_memory_; }

  // The next free slot, or null when the queue is full. The caller fills it; nothing is visible to the
  // device before ring().
  spec::SubmissionQueueEntry* enqueue();
  // Publishes everything enqueued since the last ring; wakes a parked device.
  void ring();

  // The oldest completion not yet consumed, or null. Acquires the device's writes that precede it.
  const spec::CompletionQueueEntry* poll();
  // Steps over what poll() returned and takes its SQ head.
  void consume(const spec::CompletionQueueEntry& entry);
  // Tells the device how far completions were consumed; once per batch.
  void ring_cq();

 private:
  friend class Controller;
  QueuePair() = default;

  std::shared_ptr<Controller> controller_;
  std::shared_ptr<DmaDescriptor> queue_memory_;  // control block page, SQ, CQ
  std::shared_ptr<DmaDescriptor> prp_memory_;
  QueueControlBlock* block_ = nullptr;
  spec::SubmissionQueueEntry* sq_ = nullptr;
  spec::CompletionQueueEntry* cq_ = nullptr;
  volatile uint32_t* sq_doorbell_ = nullptr;
  volatile uint32_t* cq_doorbell_ = nullptr;
  Doorbells doorbells_;
};

}  // namespace nvm

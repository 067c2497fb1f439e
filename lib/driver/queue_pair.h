// SPDX-License-Identifier: MIT
// One submission queue with its completion queue. Small verbs that compose, for one thread at a
// time:
//   enqueue (memory only) → ring (doorbell only);  poll → consume → ring_cq (doorbell only).
// The verbs are inline: they are the hot path of native callers, and what TypeScript's raw path
// mirrors on the same control block.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "driver/completion_entry.h"
#include "driver/doorbell.h"
#include "driver/queue_control_block.h"
#include "driver/queue_numbers.h"
#include "memory/dma_descriptor.h"
#include "platform/clock.h"
#include "spec/nvme.h"
#include "transport/transport.h"

namespace nvm {

class Controller;

struct QueuePairOptions {
  uint32_t depth =
      32;  // commands that can be outstanding; the queue has one entry more (2 … MQES+1 entries)
  bool wakes = false;  // create the CQ with interrupts, for a consumer that sleeps
  WakeTarget wake{};   // fd to write to; `armed` is the control block's own word
  // Of each command that creates or deletes a queue; 0: as claim_admin() was told.
  uint64_t admin_timeout_ns = 0;
};

class QueuePair {
 public:
  ~QueuePair();  // as close(), result ignored

  // Deletes the SQ, then the CQ, waiting at most two admin timeouts. The verbs must not be used
  // afterwards, but the memory stays valid until this object goes. When the device does not answer,
  // the memory is also quarantined with the controller and the failure returned. Idempotent.
  Status close();

  // Ends every command of the queue pair, for an owner that uses none of the verbs meanwhile:
  // deletes SQ and CQ, each within `timeout_ns` (0: as when it was created), or resets the
  // controller where that fails, or where it cannot be asked. Afterwards the device reaches nothing
  // that the commands pointed to. Returns what was wrong: nothing when deleting sufficed, else
  // ERR_CONTROLLER_FATAL, ERR_CONTROLLER_DISABLED, what deleting came to, ERR_QUEUE_LOST when the
  // controller had been reset for another queue, or ERR_CONTROLLER_GONE or ERR_MANAGER_GONE when in
  // place of a device, or of a client's manager, that has gone another one is awaited, or has come.
  // A failure means that the device may still reach everything: the controller does not come back,
  // or it is another process's, which a client does not reset. A client whose queue is not deleted
  // first waits, a second or so, for word that its manager has reset the controller, or has gone.
  Result<std::optional<ErrorCode>> drop(uint64_t timeout_ns = 0);
  // Creates the queues again, empty, under the same id and in the same memory; after drop() only.
  Status recreate();
  // It was closed, and the device may still know it: what its commands point to has to stay.
  bool undeleted() const { return block_->state == static_cast<int32_t>(QueueState::Failed); }
  bool lost() const { return lost_.load(std::memory_order_acquire) != ErrorCode{}; }

  uint16_t id() const { return queue_id_; }
  QueueControlBlock& block() { return *block_; }
  spec::SubmissionQueueEntry* sq_entries() { return sq_; }
  spec::CompletionQueueEntry* cq_entries() { return cq_; }
  volatile uint32_t* sq_doorbell() { return sq_doorbell_; }
  volatile uint32_t* cq_doorbell() { return cq_doorbell_; }
  const Doorbells& doorbells() const { return doorbells_; }

  // Commands that can be outstanding.
  uint32_t depth() const { return static_cast<uint32_t>(block_->sq_entries) - 1; }

  // One page of PRP list per command id (0 … depth−1) and its I/O address.
  uint64_t* prp_list(uint32_t command_id);
  uint64_t prp_list_address(uint32_t command_id) const;
  const std::shared_ptr<DmaDescriptor>& prp_memory() const { return prp_memory_; }

  // The next free slot, or null when the queue is full. The caller fills it; nothing is visible to
  // the device before ring().
  spec::SubmissionQueueEntry* enqueue();
  // Publishes everything enqueued since the last ring; wakes a parked device.
  void ring();
  // Publishes everything before the slot that `sq_doorbell` of the control block names.
  void ring_sq();

  // The oldest completion not yet consumed, or null. Acquires the device's writes that precede it.
  const spec::CompletionQueueEntry* poll();
  // Steps over what poll() returned.
  void consume();
  // Tells the device how far completions were consumed; once per batch.
  void ring_cq();

 private:
  friend class Controller;
  QueuePair() = default;

  static Result<std::shared_ptr<QueuePair>> create(std::shared_ptr<Controller> controller,
                                                   QueueNumber number,
                                                   const QueuePairOptions& options);
  Status lay_out(uint32_t depth);
  Status bind_wake(WakeTarget target);
  Status unbind_wake();
  Status create_queues();
  Status create_queue(spec::SubmissionQueueEntry command, uint64_t address, bool* exists);
  Status delete_queue(bool completion, uint64_t timeout_ns);
  Status delete_queues(uint64_t timeout_ns);
  Status delete_lost_queues(uint64_t timeout_ns);
  Status explain_kept(const Status& refusal) const;
  bool hears_of_loss(uint32_t epoch);
  Status close_locked();
  // The controller was reset, or has gone with its manager: there is no queue any more.
  void lose(ErrorCode why);
  void set_state(QueueState state);
  // close() for a device that no longer answers: asks it nothing.
  void abandon();
  void finish(const Status& result);

  std::shared_ptr<Controller> controller_;
  std::shared_ptr<DmaDescriptor> queue_memory_;  // control block page, SQ, CQ
  std::shared_ptr<DmaDescriptor> prp_memory_;
  QueueControlBlock* block_ = nullptr;
  spec::SubmissionQueueEntry* sq_ = nullptr;
  spec::CompletionQueueEntry* cq_ = nullptr;
  volatile uint32_t* sq_doorbell_ = nullptr;
  volatile uint32_t* cq_doorbell_ = nullptr;
  Doorbells doorbells_;
  Transport* transport_ = nullptr;  // kept alive by the controller
  uint64_t sq_address_ = 0;
  uint64_t cq_address_ = 0;

  uint64_t admin_timeout_ns_ = 0;
  uint16_t queue_id_ = 0;
  int vector_ = -1;  // −1: completions announce themselves to nobody

  std::atomic<ErrorCode> lost_{};  // why it is, or none: it is not

  std::mutex close_mutex_;  // guards everything below; taken after the controller's reset_mutex_
  bool closed_ = false;
  bool dropped_ = false;
  bool wake_bound_ = false;
  bool sq_exists_ = false;  // on the device, as far as one can know
  bool cq_exists_ = false;
};

inline spec::SubmissionQueueEntry* QueuePair::enqueue() {
  // Counting outstanding commands bounds both queues: neither can overflow, at any depth.
  QueueControlBlock& block = *block_;
  if (block.outstanding >= block.sq_entries - 1) return nullptr;
  spec::SubmissionQueueEntry* entry = &sq_[block.sq_tail];
  block.sq_tail = block.sq_tail + 1 == block.sq_entries ? 0 : block.sq_tail + 1;
  block.outstanding++;
  return entry;
}

inline void QueuePair::ring() {
  QueueControlBlock& block = *block_;
  if (block.sq_tail == block.sq_doorbell) return;
  block.sq_doorbell = block.sq_tail;
  ring_sq();
}

inline void QueuePair::ring_sq() {
  const uint32_t tail = static_cast<uint32_t>(block_->sq_doorbell);
  ring_and_wake(*transport_, doorbells_, sq_doorbell_, tail);
}

inline const spec::CompletionQueueEntry* QueuePair::poll() {
  const spec::CompletionQueueEntry* entry = &cq_[block_->cq_head];
  const uint32_t phase = load_completion_dword3(*entry) & kPhaseTag;
  return phase == static_cast<uint32_t>(block_->cq_phase) ? entry : nullptr;
}

inline void QueuePair::consume() {
  QueueControlBlock& block = *block_;
  if (++block.cq_head == block.cq_entries) {
    block.cq_head = 0;
    block.cq_phase ^= static_cast<int32_t>(kPhaseTag);
  }
  // A device that completes more than it was given must not make the count negative.
  if (block.outstanding > 0) block.outstanding--;
}

inline void QueuePair::ring_cq() {
  // No device waits, parked, for this doorbell: at most `depth` completions are outstanding, which
  // fit.
  store_doorbell(cq_doorbell_, static_cast<uint32_t>(block_->cq_head));
}

}  // namespace nvm

// SPDX-License-Identifier: MIT
// Create and Delete I/O Submission and Completion Queue (NVMe base 2.0, 5.4 to 5.7).
#include "emulator/admin/admin_commands.h"

namespace nvm::emulator {
namespace {

// What both kinds of queue demand of size and memory.
uint16_t check_queue(const ControllerState& state, uint32_t entries, uint8_t entry_bytes_log2,
                     uint32_t entry_bytes, bool contiguous, uint64_t address) {
  if (entries < 2 || entries > state.limits.queue_entries_max) {
    return refuse(spec::status::invalid_queue_size);
  }
  if (1u << entry_bytes_log2 != entry_bytes) return refuse(spec::status::invalid_queue_size);
  if (!contiguous) return refuse(spec::status::invalid_field);  // CAP.CQR
  if (address % kPageBytes != 0) return refuse(spec::status::invalid_prp_offset);
  return spec::status::success;
}

// Until then the host may not use the queue's memory for anything else, nor the queue's id.
Task finish_deletion(ControllerState& state, SubmissionQueue& queue) {
  constexpr uint64_t kLookEveryNs = 50'000;
  while (queue.in_flight != 0) co_await until{state.subsystem.now_ns() + kLookEveryNs};
  queue.completion_queue->submission_queues--;
  state.close_queue(queue);
  co_return spec::status::success;
}

bool may_exist(uint16_t id, uint16_t granted) {
  return id != 0 && id <= granted;
}

}  // namespace

uint16_t create_io_completion_queue(ControllerState& state, Slot& slot) {
  const spec::SubmissionQueueEntry& sqe = slot.command.sqe;
  const auto id = static_cast<uint16_t>(spec::create_cq_cdw10::qid.get(sqe.cdw10));
  if (!may_exist(id, state.completion_queues_granted) || state.completion_queues[id].exists()) {
    return refuse(spec::status::invalid_queue_identifier);
  }
  const uint32_t entries = spec::create_cq_cdw10::qsize.get(sqe.cdw10) + 1;
  const uint16_t status = check_queue(state, entries, spec::cc::iocqes.get(state.registers.cc),
                                      sizeof(spec::CompletionQueueEntry),
                                      spec::create_cq_cdw11::pc.get(sqe.cdw11), sqe.prp1);
  if (status != spec::status::success) return status;
  const uint32_t vector = spec::create_cq_cdw11::iv.get(sqe.cdw11);
  if (vector >= state.limits.interrupt_vectors_max) {
    return refuse(spec::status::invalid_interrupt_vector);
  }
  CompletionQueue queue;
  queue.id = id;
  queue.vector = static_cast<uint16_t>(vector);
  queue.interrupts = spec::create_cq_cdw11::ien.get(sqe.cdw11) != 0;
  if (!state.open_queue(queue, sqe.prp1, entries, sizeof(spec::CompletionQueueEntry), true)) {
    return refuse(spec::status::data_transfer_error);
  }
  ring(*queue.host, 2u * id + 1, 0);
  state.connect_doorbell(queue, 2u * id + 1);
  state.completion_queues[id] = std::move(queue);
  state.update_active_queues();
  return spec::status::success;
}

uint16_t create_io_submission_queue(ControllerState& state, Slot& slot) {
  const spec::SubmissionQueueEntry& sqe = slot.command.sqe;
  const auto id = static_cast<uint16_t>(spec::create_sq_cdw10::qid.get(sqe.cdw10));
  if (!may_exist(id, state.submission_queues_granted) || state.submission_queues[id].exists()) {
    return refuse(spec::status::invalid_queue_identifier);
  }
  const auto cq_id = static_cast<uint16_t>(spec::create_sq_cdw11::cqid.get(sqe.cdw11));
  if (!may_exist(cq_id, state.completion_queues_granted)) {
    return refuse(spec::status::invalid_queue_identifier);
  }
  if (!state.completion_queues[cq_id].exists() ||
      state.completion_queues[cq_id].host != &state.host_of_queue(id)) {
    return refuse(spec::status::completion_queue_invalid);
  }
  const uint32_t entries = spec::create_sq_cdw10::qsize.get(sqe.cdw10) + 1;
  const uint16_t status = check_queue(state, entries, spec::cc::iosqes.get(state.registers.cc),
                                      sizeof(spec::SubmissionQueueEntry),
                                      spec::create_sq_cdw11::pc.get(sqe.cdw11), sqe.prp1);
  if (status != spec::status::success) return status;
  SubmissionQueue queue;
  queue.id = id;
  queue.completion_queue = &state.completion_queues[cq_id];
  if (!state.open_queue(queue, sqe.prp1, entries, sizeof(spec::SubmissionQueueEntry), false)) {
    return refuse(spec::status::data_transfer_error);
  }
  queue.priority = static_cast<uint8_t>(spec::create_sq_cdw11::qprio.get(sqe.cdw11));
  queue.completion_queue->submission_queues++;
  ring(*queue.host, 2u * id, 0);
  state.connect_doorbell(queue, 2u * id);
  state.submission_queues[id] = std::move(queue);
  state.update_active_queues();
  return spec::status::success;
}

uint16_t delete_io_submission_queue(ControllerState& state, Slot& slot) {
  const auto id = static_cast<uint16_t>(spec::delete_queue_cdw10::qid.get(slot.command.sqe.cdw10));
  if (!may_exist(id, state.limits.io_queue_pairs_max) || !state.submission_queues[id].exists() ||
      state.submission_queues[id].deleted) {
    return refuse(spec::status::invalid_queue_identifier);
  }
  SubmissionQueue& queue = state.submission_queues[id];
  queue.deleted = true;
  state.update_active_queues();
  state.end_commands(queue);
  return begin_task(slot, finish_deletion(state, queue));
}

uint16_t delete_io_completion_queue(ControllerState& state, Slot& slot) {
  const auto id = static_cast<uint16_t>(spec::delete_queue_cdw10::qid.get(slot.command.sqe.cdw10));
  if (!may_exist(id, state.limits.io_queue_pairs_max) || !state.completion_queues[id].exists()) {
    return refuse(spec::status::invalid_queue_identifier);
  }
  CompletionQueue& queue = state.completion_queues[id];
  if (queue.submission_queues != 0) return refuse(spec::status::invalid_queue_deletion);
  state.forget_interrupt(queue);
  state.close_queue(queue);
  state.update_active_queues();
  return spec::status::success;
}

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// The state behind AdminQueue: who includes this is part of it.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "driver/admin_observer.h"
#include "driver/admin_queue.h"
#include "driver/completion_entry.h"
#include "driver/manager_claim.h"

namespace nvm {

constexpr uint16_t kAdminSlotsMax = 64;  // entries in a page

enum class AdminSlotState { Free, Waiting, Completed, Abandoned, EventRequest };
// One command id. Abandoned: its caller gave up, but the device may still complete it.
struct AdminSlot {
  AdminSlotState state = AdminSlotState::Free;
  spec::SubmissionQueueEntry command{};  // as it was sent
  Completion completion;
  std::shared_ptr<const void> data;
  ObservedCommand observed;
};

// Whether a device that has parked is to be told of a command.
enum class Ring { Waking, Silently };

struct AdminQueue::State {
  std::shared_ptr<Transport> transport;
  AdminWindow window;
  Waiter& waiter;
  std::unique_ptr<ManagerClaim> claim;
  Doorbells doorbells;
  uint32_t entries = 0;

  std::mutex mutex;  // guards everything below
  spec::SubmissionQueueEntry* sq = nullptr;
  spec::CompletionQueueEntry* cq = nullptr;
  uint32_t sq_tail = 0;
  uint32_t sq_head = 0;  // as the last completion said
  uint32_t cq_head = 0;
  uint32_t cq_phase = kPhaseTag;
  std::vector<spec::CompletionQueueEntry> reaped;  // by slot; the device may be writing to `cq`
  uint16_t uses = 0;
  std::vector<AdminSlot> slots;  // entries − 1: with all in use the queue is exactly full
  uint32_t epoch = 0;            // grows with each stop(): an id of an earlier one is nobody's
  uint32_t ended_epoch = 0;      // follows when the controller is disabled: no queue is left
  bool stopped = true;
  bool closed = false;
  bool lost = false;  // the device had gone: why it is closed

  // Asynchronous Event Requests, which nobody waits for.
  uint32_t event_requests_wanted = 0;
  uint32_t event_requests = 0;   // outstanding
  std::vector<uint32_t> events;  // dword 0 of those that completed
  uint16_t event_refusal = 0;    // the status field with which the last one was refused
  WakeTarget event_wake;

  std::atomic<bool> aborting = false;

  std::mutex life_mutex;  // held while the controller is stopped, started, closed
  std::map<const void*, std::function<void()>> reset_hooks;

  State(std::shared_ptr<Transport> to, AdminWindow memory, Waiter& waits)
      : transport(std::move(to)), window(std::move(memory)), waiter(waits) {}

  Status closed_status();
  Status claim_controller();
  void clear_queues();
  Status disable();
  void note_disabled();
  void end_epoch(ErrorCode why);
  AdminSlot* put(spec::SubmissionQueueEntry& command, AdminSlotState state);
  std::optional<AdminTicket> try_issue(spec::SubmissionQueueEntry& command,
                                       std::shared_ptr<const void> data, Ring how,
                                       ClientPort* client = nullptr);
  void ring(Ring how);
  void send_event_requests();
  void end_event_request(uint32_t dword0, uint16_t status_field);
  void reap();
  Result<AdminTicket> issue(spec::SubmissionQueueEntry& command, uint64_t timeout_ns,
                            const std::shared_ptr<const void>& data);
  Status wait(AdminTicket ticket, uint64_t timeout_ns);
  bool settled(AdminTicket ticket);
  Result<Completion> collect(AdminTicket ticket, const spec::SubmissionQueueEntry& command,
                             uint64_t timeout_ns, Status health);
};

}  // namespace nvm

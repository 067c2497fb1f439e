// SPDX-License-Identifier: MIT
#include "driver/admin_queue_state.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "driver/command_name.h"
#include "driver/doorbell.h"
#include "driver/reset.h"
#include "driver/wait.h"

namespace nvm {
namespace {

constexpr uint32_t kPageSize = 4096;
constexpr unsigned kLooksPerHealthCheck = 64;  // reading a register costs a microsecond
constexpr size_t kEventsMax = 64;  // that nobody has taken; one more is not sent a request for

}  // namespace

// Becomes the manager of a disabled controller.
Status AdminQueue::State::claim_controller() {
  auto taken = ManagerClaim::take(*transport);
  if (!taken.ok()) return std::move(taken.status());
  claim = std::move(taken.value());
  doorbells = transport->doorbells();
  entries = admin_queue_entries(transport->read_register64(spec::registers::cap), kPageSize);
  cq = reinterpret_cast<spec::CompletionQueueEntry*>(window.bytes);
  sq = reinterpret_cast<spec::SubmissionQueueEntry*>(window.bytes + kPageSize);
  clear_queues();
  return disable_controller(*transport, waiter);
}

Status AdminQueue::State::closed_status() {
  std::lock_guard lock(mutex);
  if (lost) return transport->gone();
  return Status(ErrorCode::Closed, "the admin queues of " + transport->capabilities().address);
}

// For a device that knows no queue.
void AdminQueue::State::clear_queues() {
  std::vector<AdminSlot> released(entries -
                                  1);  // their memory is unmapped after the lock is let go
  std::lock_guard lock(mutex);
  released.swap(slots);
  std::memset(window.bytes, 0, 2 * kPageSize);
  reaped.assign(entries, {});
  sq_tail = sq_head = cq_head = 0;
  cq_phase = kPhaseTag;
  event_requests = 0;
}

// Afterwards the device reaches no memory.
Status AdminQueue::State::disable() {
  Status disabled = disable_controller(*transport, waiter);
  if (!disabled.ok() && transport->reset().ok()) return {};
  return disabled;
}

// Nobody hears of a completion any more. With `mutex` held.
void AdminQueue::State::end_epoch(ErrorCode why) {
  epoch++;
  const std::string& address = transport->capabilities().address;
  for (AdminSlot& slot : slots) slot.observed.lose(address, why);
}

// With `life_mutex` held.
void AdminQueue::State::note_disabled() {
  {
    std::lock_guard lock(mutex);
    ended_epoch = epoch;
  }
  for (const auto& [who, hook] : reset_hooks) hook();
}

// Puts `command` into the queue under the lowest free id; null when all are in use. With `mutex`
// held.
AdminSlot* AdminQueue::State::put(spec::SubmissionQueueEntry& command, AdminSlotState state) {
  auto slot = std::find_if(slots.begin(), slots.end(), [](const AdminSlot& each) {
    return each.state == AdminSlotState::Free;
  });
  if (slot == slots.end()) return nullptr;
  const uint16_t id = static_cast<uint16_t>(slot - slots.begin());
  slot->state = state;
  // The upper bits differ from use to use, so that a second completion is not taken for the next.
  command.cid = static_cast<uint16_t>(uses++ * kAdminSlotsMax | id);
  slot->command = command;
  slot->observed = ObservedCommand(transport->capabilities().address, command);
  std::memcpy(&sq[sq_tail], &command, sizeof(command));
  sq_tail = sq_tail + 1 == entries ? 0 : sq_tail + 1;
  return &*slot;
}

// Tells of every entry so far; silently only where somebody pumps. With `mutex` held.
void AdminQueue::State::ring(Ring how) {
  volatile uint32_t* doorbell = doorbell_of(doorbells, 0, false);
  if (how == Ring::Silently && transport->capabilities().pumps) {
    store_doorbell(doorbell, sq_tail);
  } else {
    ring_and_wake(*transport, doorbells, doorbell, sq_tail);
  }
}

// None when all ids are in use, or while the controller is being reset.
std::optional<AdminTicket> AdminQueue::State::try_issue(spec::SubmissionQueueEntry& command,
                                                        std::shared_ptr<const void> data, Ring how,
                                                        ClientPort* client) {
  std::lock_guard lock(mutex);
  if (stopped || closed) return std::nullopt;
  reap();
  // An eighth is kept free for the manager itself: of clients' commands there is no end.
  const auto free = std::count_if(slots.begin(), slots.end(), [](const AdminSlot& each) {
    return each.state == AdminSlotState::Free;
  });
  if (static_cast<size_t>(free) <= (client ? slots.size() / 8 : 0)) return std::nullopt;
  AdminSlot* slot = put(command, AdminSlotState::Waiting);
  slot->data = std::move(data);
  if (client != nullptr) client->assign_admin_command(command.cid);
  ring(how);
  return AdminTicket{static_cast<uint16_t>(slot - slots.data()), epoch};
}

// As many as are wanted, have ids, and whose events there is room for. With `mutex` held.
void AdminQueue::State::send_event_requests() {
  if (stopped || closed || event_refusal != 0) return;
  const uint32_t before = event_requests;
  while (event_requests < event_requests_wanted && events.size() + event_requests < kEventsMax) {
    spec::SubmissionQueueEntry command{};
    command.opc = spec::admin_opcode::asynchronous_event_request;
    if (put(command, AdminSlotState::EventRequest) == nullptr) break;
    event_requests++;
  }
  if (event_requests != before) ring(Ring::Waking);
}

// With `mutex` held.
void AdminQueue::State::end_event_request(uint32_t dword0, uint16_t status_field) {
  event_requests--;
  if (status_field == 0) {
    events.push_back(dword0);
  } else if (event_requests_wanted > 1) {
    event_requests_wanted--;  // it takes fewer than it said
    return;
  } else {
    event_refusal = status_field;
  }
  wake(event_wake);
}

// Hands every new completion to the id that it names, and to no other. With `mutex` held.
void AdminQueue::State::reap() {
  bool consumed = false;
  for (uint32_t count = 0; count < entries; count++) {
    const spec::CompletionQueueEntry& entry = cq[cq_head];
    const uint32_t dword3 = load_completion_dword3(entry);
    if ((dword3 & kPhaseTag) != cq_phase) break;
    reaped[cq_head] = entry;
    sq_head = entry.sqhd;
    const uint16_t command_id = static_cast<uint16_t>(dword3);
    const size_t id = command_id % kAdminSlotsMax;
    if (id < slots.size() && slots[id].command.cid == command_id) {
      AdminSlot& slot = slots[id];
      slot.observed.complete(transport->capabilities().address,
                             static_cast<uint16_t>(dword3 >> 17));
      if (slot.state == AdminSlotState::Abandoned) slot = AdminSlot{};
      if (slot.state == AdminSlotState::EventRequest) {
        slot = AdminSlot{};
        end_event_request(entry.dw0, static_cast<uint16_t>(dword3 >> 17));
      }
      if (slot.state == AdminSlotState::Waiting) {
        slot.completion = {entry.dw0,  entry.dw1,  static_cast<uint16_t>(dword3 >> 17),
                           entry.sqhd, entry.sqid, command_id};
        slot.state = AdminSlotState::Completed;
      }
    }
    if (++cq_head == entries) {
      cq_head = 0;
      cq_phase ^= kPhaseTag;
    }
    consumed = true;
  }
  if (!consumed) return;
  // Room for completions is never what a parked emulator waits for: there is one for each id.
  volatile uint32_t* doorbell = doorbell_of(doorbells, 0, true);
  if (transport->capabilities().pumps) {
    store_doorbell(doorbell, cq_head);
  } else {
    ring_and_wake(*transport, doorbells, doorbell, cq_head);
  }
  send_event_requests();
}

bool AdminQueue::State::settled(AdminTicket ticket) {
  std::lock_guard lock(mutex);
  if (closed || ticket.epoch != epoch) return true;
  reap();
  return slots[ticket.slot].state == AdminSlotState::Completed;
}

// Ends the wait for a command: its completion, or the reason why there is none.
Result<Completion> AdminQueue::State::collect(AdminTicket ticket,
                                              const spec::SubmissionQueueEntry& command,
                                              uint64_t timeout_ns, Status health) {
  const std::string what = admin_command_name(command.opc) + ", id " + std::to_string(ticket.slot) +
                           ", on " + transport->capabilities().address;
  std::lock_guard lock(mutex);
  if (lost) return Status(ErrorCode::ControllerGone, what);
  if (ticket.epoch != epoch) return Status(ErrorCode::Aborted, what + ", which was reset");
  if (!closed) reap();
  AdminSlot& slot = slots[ticket.slot];
  if (slot.state == AdminSlotState::Completed) {
    Completion completion = slot.completion;
    slot = AdminSlot{};
    return completion;
  }
  slot.state = AdminSlotState::Abandoned;
  if (closed) return Status(ErrorCode::Aborted, what);
  if (health.ok()) health = check_enabled(*transport);
  if (health.ok()) {
    health =
        Status(ErrorCode::Timeout,
               what + ", after " + std::to_string(timeout_ns / kNanosecondsPerMillisecond) + " ms");
  }
  slot.observed.lose(transport->capabilities().address, health.failure().code);
  return health;
}

// Issues `command` as soon as there is an id for it.
Result<AdminTicket> AdminQueue::State::issue(spec::SubmissionQueueEntry& command,
                                             uint64_t timeout_ns,
                                             const std::shared_ptr<const void>& data) {
  std::optional<AdminTicket> ticket;
  bool is_closed = false;
  wait_for_device(*transport, waiter, timeout_ns, [&] {
    {
      std::lock_guard lock(mutex);
      is_closed = closed;
    }
    if (!is_closed) ticket = try_issue(command, data, Ring::Waking);
    return is_closed || ticket.has_value();
  });
  if (is_closed) return closed_status();
  if (!ticket) {
    return Status(ErrorCode::Timeout,
                  "every admin command id is still outstanding, or the controller is being reset");
  }
  return *ticket;
}

// Waits until the command settled, the controller is seen not to work, or time is up.
Status AdminQueue::State::wait(AdminTicket ticket, uint64_t timeout_ns) {
  Status health;
  unsigned looks = 0;
  wait_for_device(*transport, waiter, timeout_ns, [&] {
    if (settled(ticket)) return true;
    if (++looks % kLooksPerHealthCheck == 0) health = check_enabled(*transport);
    return !health.ok();
  });
  return health;
}

}  // namespace nvm

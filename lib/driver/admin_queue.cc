// SPDX-License-Identifier: MIT
#include "driver/admin_queue.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "driver/completion_entry.h"
#include "driver/doorbell.h"
#include "driver/manager_claim.h"
#include "driver/quarantine.h"
#include "driver/reset.h"
#include "driver/wait.h"
#include "platform/ordering.h"
#include "platform/wake.h"

namespace nvm {
namespace {

constexpr uint32_t kPageSize = 4096;
constexpr uint16_t kSlotsMax = 64;  // entries in a page
constexpr uint64_t kTimeoutNsMax = 3'600'000 * kNanosecondsPerMillisecond;
constexpr unsigned kLooksPerHealthCheck = 64;  // reading a register costs a microsecond
constexpr size_t kEventsMax = 64;  // that nobody has taken; one more is not sent a request for

enum class Ring { Waking, Silently };

enum class SlotState { Free, Waiting, Completed, Abandoned, EventRequest };
// One command id. Abandoned: its caller gave up, but the device may still complete it.
struct Slot {
  SlotState state = SlotState::Free;
  uint16_t command_id = 0;  // as the device knows it
  Completion completion;
  std::shared_ptr<const void> data;
};

}  // namespace

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
  uint32_t cq_head = 0;
  uint32_t cq_phase = kPhaseTag;
  uint16_t uses = 0;
  std::vector<Slot> slots;   // entries − 1: with all in use the queue is exactly full
  uint32_t epoch = 0;        // grows with each stop(): an id of an earlier one is nobody's
  uint32_t ended_epoch = 0;  // follows when the controller is disabled: no queue is left
  bool stopped = false;
  bool closed = false;

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

  Status claim_controller();
  void clear_queues();
  Status disable();
  void note_disabled();
  Slot* put(spec::SubmissionQueueEntry& command, SlotState state);
  std::optional<AdminTicket> try_issue(spec::SubmissionQueueEntry& command,
                                       std::shared_ptr<const void> data, Ring how,
                                       ClientPort* client = nullptr);
  void ring(Ring how);
  void send_event_requests();
  void end_event_request(uint32_t dword0, uint16_t status_field);
  void reap();
  Result<AdminTicket> issue(spec::SubmissionQueueEntry& command, uint64_t timeout_ns,
                            const std::shared_ptr<DmaDescriptor>& data);
  Status wait(AdminTicket ticket, uint64_t timeout_ns);
  bool settled(AdminTicket ticket);
  Result<Completion> collect(AdminTicket ticket, const spec::SubmissionQueueEntry& command,
                             uint64_t timeout_ns, Status health);
};

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

// For a device that knows no queue.
void AdminQueue::State::clear_queues() {
  std::vector<Slot> released(entries - 1);  // their memory is unmapped after the lock is let go
  std::lock_guard lock(mutex);
  released.swap(slots);
  std::memset(window.bytes, 0, 2 * kPageSize);
  sq_tail = cq_head = 0;
  cq_phase = kPhaseTag;
  event_requests = 0;
}

// Afterwards the device reaches no memory.
Status AdminQueue::State::disable() {
  Status disabled = disable_controller(*transport, waiter);
  if (!disabled.ok() && transport->reset().ok()) return {};
  return disabled;
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
Slot* AdminQueue::State::put(spec::SubmissionQueueEntry& command, SlotState state) {
  auto slot = std::find_if(slots.begin(), slots.end(),
                           [](const Slot& each) { return each.state == SlotState::Free; });
  if (slot == slots.end()) return nullptr;
  const uint16_t id = static_cast<uint16_t>(slot - slots.begin());
  slot->state = state;
  // The upper bits differ from use to use, so that a second completion is not taken for the next.
  slot->command_id = command.cid = static_cast<uint16_t>(uses++ * kSlotsMax | id);
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
  const auto free = std::count_if(slots.begin(), slots.end(),
                                  [](const Slot& each) { return each.state == SlotState::Free; });
  if (static_cast<size_t>(free) <= (client ? slots.size() / 8 : 0)) return std::nullopt;
  Slot* slot = put(command, SlotState::Waiting);
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
    if (put(command, SlotState::EventRequest) == nullptr) break;
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
    const uint16_t command_id = static_cast<uint16_t>(dword3);
    const size_t id = command_id % kSlotsMax;
    if (id < slots.size() && slots[id].command_id == command_id) {
      Slot& slot = slots[id];
      if (slot.state == SlotState::Abandoned) slot = Slot{};
      if (slot.state == SlotState::EventRequest) {
        slot = Slot{};
        end_event_request(entry.dw0, static_cast<uint16_t>(dword3 >> 17));
      }
      if (slot.state == SlotState::Waiting) {
        slot.completion = {entry.dw0,  entry.dw1,  static_cast<uint16_t>(dword3 >> 17),
                           entry.sqhd, entry.sqid, command_id};
        slot.state = SlotState::Completed;
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
  return slots[ticket.slot].state == SlotState::Completed;
}

// Ends the wait for a command: its completion, or the reason why there is none.
Result<Completion> AdminQueue::State::collect(AdminTicket ticket,
                                              const spec::SubmissionQueueEntry& command,
                                              uint64_t timeout_ns, Status health) {
  const std::string what = "admin command, opcode " + std::to_string(command.opc) + ", id " +
                           std::to_string(ticket.slot) + ", on " +
                           transport->capabilities().address;
  std::lock_guard lock(mutex);
  if (ticket.epoch != epoch) return Status(ErrorCode::Aborted, what + ", which was reset");
  if (!closed) reap();
  Slot& slot = slots[ticket.slot];
  if (slot.state == SlotState::Completed) {
    Completion completion = slot.completion;
    slot = Slot{};
    return completion;
  }
  slot.state = SlotState::Abandoned;
  if (closed) return Status(ErrorCode::Aborted, what);
  if (health.ok()) health = check_enabled(*transport);
  if (!health.ok()) return health;
  return Status(
      ErrorCode::Timeout,
      what + ", after " + std::to_string(timeout_ns / kNanosecondsPerMillisecond) + " ms");
}

AdminQueue::AdminQueue(std::unique_ptr<State> state) : state_(std::move(state)) {}
AdminQueue::~AdminQueue() {
  (void)close();
}

Result<std::unique_ptr<AdminQueue>> AdminQueue::create(std::shared_ptr<Transport> transport,
                                                       AdminWindow window, Waiter& waiter) {
  if (window.sq_address % kPageSize != 0 || window.cq_address % kPageSize != 0) {
    return Status(ErrorCode::Alignment, "the admin queues' window, to controller pages");
  }
  auto state = std::make_unique<State>(std::move(transport), std::move(window), waiter);
  NVM_TRY(state->claim_controller());
  State& started = *state;
  // From here on the device may know the window: close() decides what becomes of it.
  std::unique_ptr<AdminQueue> queue(new AdminQueue(std::move(state)));
  NVM_TRY(
      enable_controller(*started.transport, waiter,
                        {started.window.sq_address, started.window.cq_address, started.entries}));
  return queue;
}

// Issues `command` as soon as there is an id for it.
Result<AdminTicket> AdminQueue::State::issue(spec::SubmissionQueueEntry& command,
                                             uint64_t timeout_ns,
                                             const std::shared_ptr<DmaDescriptor>& data) {
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
  if (is_closed) {
    return Status(ErrorCode::Closed, "the admin queues of " + transport->capabilities().address);
  }
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

Result<Completion> AdminQueue::submit(spec::SubmissionQueueEntry command, uint64_t timeout_ns,
                                      std::shared_ptr<DmaDescriptor> data,
                                      uint64_t abort_timeout_ns) {
  State& state = *state_;
  timeout_ns = std::min(timeout_ns, kTimeoutNsMax);
  const uint64_t deadline_ns = state.waiter.now_ns() + timeout_ns;
  auto issued = state.issue(command, timeout_ns, data);
  if (!issued.ok()) return std::move(issued.status());
  const AdminTicket ticket = issued.value();
  const uint64_t now_ns = state.waiter.now_ns();
  Status health = state.wait(ticket, deadline_ns > now_ns ? deadline_ns - now_ns : 0);
  if (health.ok() && abort_timeout_ns != 0 && !state.settled(ticket)) {
    (void)abort(0, command.cid, abort_timeout_ns);
    health = state.wait(ticket, abort_timeout_ns);
  }
  auto completion = state.collect(ticket, command, timeout_ns, std::move(health));
  constexpr uint16_t kStatusCode = 0x7ff;  // SCT and SC
  const bool aborted =
      completion.ok() && abort_timeout_ns != 0 &&
      (completion.value().status_field & kStatusCode) == spec::status::command_aborted;
  if (!aborted) return completion;
  return Status(ErrorCode::Timeout,
                "admin command, opcode " + std::to_string(command.opc) + ", was aborted after " +
                    std::to_string(timeout_ns / kNanosecondsPerMillisecond) + " ms");
}

std::optional<AdminTicket> AdminQueue::begin(spec::SubmissionQueueEntry& command,
                                             std::shared_ptr<const void> memory,
                                             ClientPort* client) {
  return state_->try_issue(command, std::move(memory), Ring::Silently, client);
}

std::optional<Result<Completion>> AdminQueue::end(AdminTicket ticket) {
  State& state = *state_;
  std::lock_guard lock(state.mutex);
  if (state.closed || ticket.epoch != state.epoch) {
    return Status(ErrorCode::Aborted, "by a reset of " + state.transport->capabilities().address);
  }
  state.reap();
  Slot& slot = state.slots[ticket.slot];
  if (slot.state != SlotState::Completed) return std::nullopt;
  const Completion completion = slot.completion;
  slot = Slot{};
  return completion;
}

void AdminQueue::abandon(AdminTicket ticket) {
  State& state = *state_;
  std::lock_guard lock(state.mutex);
  if (state.closed || ticket.epoch != state.epoch) return;
  Slot& slot = state.slots[ticket.slot];
  if (slot.state == SlotState::Completed) slot = Slot{};
  if (slot.state == SlotState::Waiting) slot.state = SlotState::Abandoned;
}

void AdminQueue::wake_device() {
  std::lock_guard lock(state_->mutex);
  if (!state_->stopped && !state_->closed) state_->ring(Ring::Waking);
}

uint32_t AdminQueue::epoch() {
  std::lock_guard lock(state_->mutex);
  return state_->ended_epoch;
}

bool AdminQueue::is_closed() {
  std::lock_guard lock(state_->mutex);
  return state_->closed;
}

void AdminQueue::watch_resets(const void* who, std::function<void()> hook) {
  std::lock_guard life(state_->life_mutex);
  state_->reset_hooks.erase(who);
  if (hook) state_->reset_hooks.emplace(who, std::move(hook));
}

Result<bool> AdminQueue::abort(uint16_t queue_id, uint16_t command_id, uint64_t timeout_ns) {
  State& state = *state_;
  const uint64_t deadline_ns = state.waiter.now_ns() + timeout_ns;
  // An exchange, not a lock: no wait is longer than what was asked for.
  const bool mine = wait_for_device(*state.transport, state.waiter, timeout_ns, [&] {
    return !state.aborting.exchange(true, std::memory_order_acquire);
  });
  if (!mine) return Status(ErrorCode::Timeout, "another Abort command is outstanding");
  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::abort;
  command.cdw10 = spec::abort_cdw10::sqid.put(queue_id) | spec::abort_cdw10::cid.put(command_id);
  const uint64_t now_ns = state.waiter.now_ns();
  auto completion = submit(command, deadline_ns > now_ns ? deadline_ns - now_ns : 0);
  state.aborting.store(false, std::memory_order_release);
  if (!completion.ok()) return std::move(completion.status());
  NVM_TRY(Status::from_nvme(completion.value().status_field));
  return spec::abort_dw0::not_aborted.get(completion.value().dword0) == 0;
}

uint32_t AdminQueue::keep_event_requests(uint32_t count) {
  State& state = *state_;
  std::lock_guard lock(state.mutex);
  // Half of the ids are for commands.
  state.event_requests_wanted = std::min<uint32_t>(count, (state.entries - 1) / 2);
  state.event_refusal = 0;
  state.send_event_requests();
  return state.event_requests_wanted;
}

Result<std::vector<uint32_t>> AdminQueue::take_events() {
  State& state = *state_;
  std::lock_guard lock(state.mutex);
  if (state.closed) return Status(ErrorCode::Closed, "the admin queues");
  state.reap();
  if (state.events.empty() && state.event_refusal != 0) {
    return Status::from_nvme(state.event_refusal);
  }
  std::vector<uint32_t> taken;
  taken.swap(state.events);
  state.send_event_requests();
  return taken;
}

bool AdminQueue::look_for_events(const WakeTarget& target) {
  State& state = *state_;
  std::lock_guard lock(state.mutex);
  if (state.closed) return true;
  state.event_wake = target;
  if (target.armed != nullptr) {
    target.armed->store(1, std::memory_order_relaxed);
    // The device posts a completion, then looks at `armed`: one of the two sides sees the other.
    store_load_fence();
  }
  state.reap();
  return !state.events.empty() || state.event_refusal != 0;
}

Status AdminQueue::stop() {
  State& state = *state_;
  std::lock_guard life(state.life_mutex);
  {
    std::lock_guard lock(state.mutex);
    if (state.closed) return Status(ErrorCode::Closed, "the admin queues");
    state.stopped = true;
    state.epoch++;
  }
  NVM_TRY(state.disable());
  state.clear_queues();
  state.note_disabled();
  return {};
}

Status AdminQueue::start() {
  State& state = *state_;
  std::lock_guard life(state.life_mutex);
  {
    std::lock_guard lock(state.mutex);
    if (state.closed) return Status(ErrorCode::Closed, "the admin queues");
  }
  Status enabled =
      enable_controller(*state.transport, state.waiter,
                        {state.window.sq_address, state.window.cq_address, state.entries});
  std::lock_guard lock(state.mutex);
  state.stopped = false;
  if (enabled.ok()) state.send_event_requests();
  return enabled;
}

Status AdminQueue::close() {
  State& state = *state_;
  std::lock_guard life(state.life_mutex);
  {
    std::lock_guard lock(state.mutex);
    if (state.closed) return {};
    state.closed = true;
    state.epoch++;
  }
  Status disabled = state.disable();
  if (disabled.ok()) state.note_disabled();
  state.claim.reset();
  std::lock_guard lock(state.mutex);
  for (Slot& slot : state.slots) {
    if (!disabled.ok()) quarantine_forever(slot.data);
    slot.data.reset();
  }
  if (!disabled.ok()) quarantine_forever(state.window.memory);
  return disabled;
}

}  // namespace nvm

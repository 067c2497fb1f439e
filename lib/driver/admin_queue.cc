// SPDX-License-Identifier: MIT
#include "driver/admin_queue.h"

#include <algorithm>
#include <string>

#include "driver/admin_queue_state.h"
#include "driver/command_name.h"
#include "driver/quarantine.h"
#include "driver/reset.h"
#include "driver/wait.h"
#include "platform/ordering.h"

namespace nvm {
namespace {

constexpr uint32_t kPageSize = 4096;
constexpr uint64_t kTimeoutNsMax = 3'600'000 * kNanosecondsPerMillisecond;

}  // namespace

AdminQueue::AdminQueue(std::unique_ptr<State> state) : state_(std::move(state)) {}
AdminQueue::~AdminQueue() {
  (void)close();
}

Result<std::unique_ptr<AdminQueue>> AdminQueue::create(std::shared_ptr<Transport> transport,
                                                       AdminWindow window, Waiter& waiter) {
  auto queue = claim(std::move(transport), std::move(window), waiter);
  if (queue.ok()) NVM_TRY(queue.value()->start());
  return queue;
}

Result<std::unique_ptr<AdminQueue>> AdminQueue::claim(std::shared_ptr<Transport> transport,
                                                      AdminWindow window, Waiter& waiter) {
  if (window.sq_address % kPageSize != 0 || window.cq_address % kPageSize != 0) {
    return Status(ErrorCode::Alignment, "the admin queues' window, to controller pages");
  }
  auto state = std::make_unique<State>(std::move(transport), std::move(window), waiter);
  NVM_TRY(state->claim_controller());
  // Once it was started the device may know the window: close() decides what becomes of it.
  return std::unique_ptr<AdminQueue>(new AdminQueue(std::move(state)));
}

// A command with its id, until its caller has heard how it ended.
class AdminQueue::Sent final : public SentCommand {
 public:
  Sent(AdminQueue& queue, const spec::SubmissionQueueEntry& command, AdminTicket ticket,
       uint64_t timeout_ns, uint64_t deadline_ns, uint64_t abort_timeout_ns)
      : queue_(queue),
        command_(command),
        ticket_(ticket),
        timeout_ns_(timeout_ns),
        deadline_ns_(deadline_ns),
        abort_timeout_ns_(abort_timeout_ns) {}
  ~Sent() override {
    if (!collected_) queue_.abandon(ticket_);
  }

  bool has_ended() override {
    queue_.state_->transport->pump();
    return queue_.state_->settled(ticket_);
  }
  Result<Completion> wait() override;

 private:
  AdminQueue& queue_;
  const spec::SubmissionQueueEntry command_;
  const AdminTicket ticket_;
  const uint64_t timeout_ns_, deadline_ns_, abort_timeout_ns_;
  bool collected_ = false;
};

Result<Completion> AdminQueue::Sent::wait() {
  State& state = *queue_.state_;
  Status health;
  if (!state.settled(ticket_)) {
    queue_.wake_device();
    const uint64_t now_ns = state.waiter.now_ns();
    health = state.wait(ticket_, deadline_ns_ > now_ns ? deadline_ns_ - now_ns : 0);
  }
  if (health.ok() && abort_timeout_ns_ != 0 && !state.settled(ticket_)) {
    (void)queue_.abort(0, command_.cid, abort_timeout_ns_);
    health = state.wait(ticket_, abort_timeout_ns_);
  }
  collected_ = true;
  auto completion = state.collect(ticket_, command_, timeout_ns_, std::move(health));
  constexpr uint16_t kStatusCode = 0x7ff;  // SCT and SC
  const bool aborted =
      completion.ok() && abort_timeout_ns_ != 0 &&
      (completion.value().status_field & kStatusCode) == spec::status::command_aborted;
  if (!aborted) return completion;
  return Status(ErrorCode::Timeout, admin_command_name(command_.opc) + " was aborted after " +
                                        std::to_string(timeout_ns_ / kNanosecondsPerMillisecond) +
                                        " ms");
}

Result<Completion> AdminQueue::submit(spec::SubmissionQueueEntry command, uint64_t timeout_ns,
                                      std::shared_ptr<const void> data, uint64_t abort_timeout_ns) {
  State& state = *state_;
  timeout_ns = std::min(timeout_ns, kTimeoutNsMax);
  const uint64_t deadline_ns = state.waiter.now_ns() + timeout_ns;
  auto issued = state.issue(command, timeout_ns, data);
  if (!issued.ok()) return std::move(issued.status());
  return Sent(*this, command, issued.value(), timeout_ns, deadline_ns, abort_timeout_ns).wait();
}

std::unique_ptr<SentCommand> AdminQueue::send(spec::SubmissionQueueEntry command,
                                              uint64_t timeout_ns, std::shared_ptr<const void> data,
                                              uint64_t abort_timeout_ns) {
  timeout_ns = std::min(timeout_ns, kTimeoutNsMax);
  const uint64_t deadline_ns = state_->waiter.now_ns() + timeout_ns;
  const auto ticket = state_->try_issue(command, std::move(data), Ring::Silently);
  if (!ticket) return nullptr;
  return std::make_unique<Sent>(*this, command, *ticket, timeout_ns, deadline_ns, abort_timeout_ns);
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
    // Until the controller is disabled it may reach what the command names.
    if (static_cast<int32_t>(state.ended_epoch - ticket.epoch) <= 0) return std::nullopt;
    if (state.lost) return state.transport->gone();
    return Status(ErrorCode::Aborted, "by a reset of " + state.transport->capabilities().address);
  }
  state.reap();
  AdminSlot& slot = state.slots[ticket.slot];
  if (slot.state != AdminSlotState::Completed) return std::nullopt;
  const Completion completion = slot.completion;
  slot = AdminSlot{};
  return completion;
}

void AdminQueue::abandon(AdminTicket ticket) {
  State& state = *state_;
  std::lock_guard lock(state.mutex);
  if (state.closed || ticket.epoch != state.epoch) return;
  AdminSlot& slot = state.slots[ticket.slot];
  if (slot.state == AdminSlotState::Completed) slot = AdminSlot{};
  if (slot.state == AdminSlotState::Waiting) slot.state = AdminSlotState::Abandoned;
}

void AdminQueue::wake_device() {
  if (!state_->transport->capabilities().pumps) return;  // it was woken
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
  if (state.closed) {
    return state.lost ? state.transport->gone() : Status(ErrorCode::Closed, "the admin queues");
  }
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
    state.end_epoch(ErrorCode::Aborted);
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

void AdminQueue::lose() {
  State& state = *state_;
  std::lock_guard life(state.life_mutex);
  {
    std::lock_guard lock(state.mutex);
    if (state.closed) return;
    state.closed = state.lost = true;
    state.end_epoch(ErrorCode::ControllerGone);
  }
  state.claim.reset();
  state.note_disabled();
  std::vector<std::shared_ptr<const void>> released;  // unmapped after the lock is let go
  std::lock_guard lock(state.mutex);
  for (AdminSlot& slot : state.slots) released.push_back(std::move(slot.data));
}

Status AdminQueue::close() {
  State& state = *state_;
  std::lock_guard life(state.life_mutex);
  {
    std::lock_guard lock(state.mutex);
    if (state.closed) return {};
    state.closed = true;
    state.end_epoch(ErrorCode::Aborted);
  }
  Status disabled = state.disable();
  if (disabled.ok()) state.note_disabled();
  state.claim.reset();
  std::lock_guard lock(state.mutex);
  for (AdminSlot& slot : state.slots) {
    if (!disabled.ok()) quarantine_forever(slot.data);
    slot.data.reset();
  }
  if (!disabled.ok()) quarantine_forever(state.window.memory);
  return disabled;
}

}  // namespace nvm

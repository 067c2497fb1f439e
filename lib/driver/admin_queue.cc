// SPDX-License-Identifier: MIT
#include "driver/admin_queue.h"

#include <algorithm>
#include <cstring>
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

namespace nvm {

namespace {

constexpr uint32_t kPageSize = 4096;
constexpr uint64_t kTimeoutNsMax = 3'600'000 * kNanosecondsPerMillisecond;
constexpr unsigned kLooksPerHealthCheck =
    64;  // reading a register costs about a microsecond on a device

enum class SlotState { Free, Waiting, Completed, Abandoned };

// One command id. Abandoned: its caller gave up, but the device may still complete it and use
// `data`.
struct Slot {
  SlotState state = SlotState::Free;
  Completion completion;
  std::shared_ptr<DmaDescriptor> data;
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
  std::vector<Slot> slots;  // entries − 1: with all in use the queue is exactly full
  bool closed = false;

  State(std::shared_ptr<Transport> to, AdminWindow memory, Waiter& waits)
      : transport(std::move(to)), window(std::move(memory)), waiter(waits) {}

  Status start();
  std::optional<uint16_t> try_issue(spec::SubmissionQueueEntry& command,
                                    const std::shared_ptr<DmaDescriptor>& data);
  void reap();
  bool settled(uint16_t id);
  Result<Completion> collect(uint16_t id, const spec::SubmissionQueueEntry& command,
                             uint64_t timeout_ns, Status health);
};

// Becomes the manager and enables the controller on the window's two pages.
Status AdminQueue::State::start() {
  auto taken = ManagerClaim::take(*transport);
  if (!taken.ok()) return std::move(taken.status());
  claim = std::move(taken.value());
  doorbells = transport->doorbells();
  entries = admin_queue_entries(transport->read_register64(spec::registers::cap), kPageSize);
  slots.resize(entries - 1);
  std::memset(window.bytes, 0, 2 * kPageSize);
  cq = reinterpret_cast<spec::CompletionQueueEntry*>(window.bytes);
  sq = reinterpret_cast<spec::SubmissionQueueEntry*>(window.bytes + kPageSize);
  return disable_controller(*transport, waiter);
}

// Puts `command` into the queue under the lowest free id; none when all ids are in use.
std::optional<uint16_t> AdminQueue::State::try_issue(spec::SubmissionQueueEntry& command,
                                                     const std::shared_ptr<DmaDescriptor>& data) {
  std::lock_guard lock(mutex);
  reap();
  auto slot = std::find_if(slots.begin(), slots.end(),
                           [](const Slot& each) { return each.state == SlotState::Free; });
  if (slot == slots.end()) return std::nullopt;
  const uint16_t id = static_cast<uint16_t>(slot - slots.begin());
  slot->state = SlotState::Waiting;
  slot->data = data;
  command.cid = id;
  std::memcpy(&sq[sq_tail], &command, sizeof(command));
  sq_tail = sq_tail + 1 == entries ? 0 : sq_tail + 1;
  ring_and_wake(*transport, doorbells, doorbell_of(doorbells, 0, false), sq_tail);
  return id;
}

// Hands every new completion to the id that it names, and to no other. With `mutex` held.
void AdminQueue::State::reap() {
  bool consumed = false;
  for (uint32_t count = 0; count < entries; count++) {
    const spec::CompletionQueueEntry& entry = cq[cq_head];
    const uint32_t dword3 = load_completion_dword3(entry);
    if ((dword3 & kPhaseTag) != cq_phase) break;
    const uint16_t id = static_cast<uint16_t>(dword3);
    if (id < slots.size()) {
      Slot& slot = slots[id];
      if (slot.state == SlotState::Abandoned) slot = Slot{};
      if (slot.state == SlotState::Waiting) {
        slot.completion = {entry.dw0,  entry.dw1,  static_cast<uint16_t>(dword3 >> 17),
                           entry.sqhd, entry.sqid, id};
        slot.state = SlotState::Completed;
      }
    }
    if (++cq_head == entries) {
      cq_head = 0;
      cq_phase ^= kPhaseTag;
    }
    consumed = true;
  }
  if (consumed) ring_and_wake(*transport, doorbells, doorbell_of(doorbells, 0, true), cq_head);
}

bool AdminQueue::State::settled(uint16_t id) {
  std::lock_guard lock(mutex);
  if (closed) return true;
  reap();
  return slots[id].state == SlotState::Completed;
}

// Ends the wait for command `id`: its completion, or the reason why there is none.
Result<Completion> AdminQueue::State::collect(uint16_t id,
                                              const spec::SubmissionQueueEntry& command,
                                              uint64_t timeout_ns, Status health) {
  std::lock_guard lock(mutex);
  if (!closed) reap();
  Slot& slot = slots[id];
  if (slot.state == SlotState::Completed) {
    Completion completion = slot.completion;
    slot = Slot{};
    return completion;
  }
  slot.state = SlotState::Abandoned;
  const std::string what = "admin command, opcode " + std::to_string(command.opc) + ", id " +
                           std::to_string(id) + ", on " + transport->capabilities().address;
  if (closed) return Status(ErrorCode::Aborted, what);
  if (health.ok()) health = check_health(*transport);
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
  NVM_TRY(state->start());
  State& started = *state;
  // From here on the device may know the window: close() decides what becomes of it.
  std::unique_ptr<AdminQueue> queue(new AdminQueue(std::move(state)));
  NVM_TRY(
      enable_controller(*started.transport, waiter,
                        {started.window.sq_address, started.window.cq_address, started.entries}));
  return queue;
}

Result<Completion> AdminQueue::submit(spec::SubmissionQueueEntry command, uint64_t timeout_ns,
                                      std::shared_ptr<DmaDescriptor> data) {
  State& state = *state_;
  timeout_ns = std::min(timeout_ns, kTimeoutNsMax);
  const uint64_t deadline_ns = state.waiter.now_ns() + timeout_ns;
  std::optional<uint16_t> id;
  bool closed = false;
  wait_for_device(*state.transport, state.waiter, timeout_ns, [&] {
    {
      std::lock_guard lock(state.mutex);
      closed = state.closed;
    }
    if (!closed) id = state.try_issue(command, data);
    return closed || id.has_value();
  });
  if (closed)
    return Status(ErrorCode::Closed,
                  "the admin queues of " + state.transport->capabilities().address);
  if (!id) return Status(ErrorCode::Timeout, "every admin command id is still outstanding");

  Status health;
  unsigned looks = 0;
  const uint64_t now_ns = state.waiter.now_ns();
  wait_for_device(*state.transport, state.waiter, deadline_ns > now_ns ? deadline_ns - now_ns : 0,
                  [&] {
                    if (state.settled(*id)) return true;
                    if (++looks % kLooksPerHealthCheck == 0)
                      health = check_health(*state.transport);
                    return !health.ok();
                  });
  return state.collect(*id, command, timeout_ns, std::move(health));
}

Status AdminQueue::close() {
  State& state = *state_;
  {
    std::lock_guard lock(state.mutex);
    if (state.closed) return {};
    state.closed = true;
  }
  Status disabled = disable_controller(*state.transport, state.waiter);
  if (!disabled.ok() && state.transport->reset().ok()) disabled = Status();
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

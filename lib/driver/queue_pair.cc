// SPDX-License-Identifier: MIT
#include "driver/queue_pair.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <string>

#include "driver/controller.h"
#include "driver/remote_manager.h"
#include "driver/reset.h"
#include "driver/wait.h"

namespace nvm {

namespace {

constexpr size_t kPageSize = 4096;
constexpr size_t kHugePageSize = 2u << 20;
constexpr uint64_t kNoticeTimeoutNs = 500 * kNanosecondsPerMillisecond;

bool is_away(Transport& transport) {
  return transport.read_register32(spec::registers::csts) == UINT32_MAX;
}

size_t whole_pages(size_t byte_length) {
  return (byte_length + kPageSize - 1) & ~(kPageSize - 1);
}

bool contiguous(const DmaDescriptor& memory, size_t offset, size_t byte_length) {
  const uint64_t first = memory.io_address(offset);
  for (size_t page = kPageSize; page < byte_length; page += kPageSize) {
    if (memory.io_address(offset + page) != first + page) return false;
  }
  return true;
}

struct Layout {
  size_t sq_offset, cq_offset, byte_length;
};

Layout layout_of(uint32_t entries) {
  const size_t sq_bytes = whole_pages(entries * sizeof(spec::SubmissionQueueEntry));
  const size_t cq_bytes = whole_pages(entries * sizeof(spec::CompletionQueueEntry));
  return {kPageSize, kPageSize + sq_bytes, kPageSize + sq_bytes + cq_bytes};
}

// Queues must be contiguous for the device. Where small pages are scattered, a huge page is not.
Result<std::shared_ptr<DmaDescriptor>> allocate_queues(Controller& controller,
                                                       const Layout& layout) {
  for (size_t byte_length : {layout.byte_length, std::max(layout.byte_length, kHugePageSize)}) {
    auto memory = controller.allocate(byte_length);
    if (!memory.ok()) return memory;
    const DmaDescriptor& queues = *memory.value();
    if (contiguous(queues, layout.sq_offset, layout.cq_offset - layout.sq_offset) &&
        contiguous(queues, layout.cq_offset, layout.byte_length - layout.cq_offset)) {
      return memory;
    }
  }
  return Status(
      ErrorCode::Memory,
      "a queue this deep needs contiguous memory; allow huge pages for it (echo advise > "
      "/sys/kernel/mm/transparent_hugepage/shmem_enabled) or create it with a depth of at most 63");
}

}  // namespace

Status QueuePair::lay_out(uint32_t depth) {
  const uint32_t entries = depth + 1;
  const Layout layout = layout_of(entries);
  auto queues = allocate_queues(*controller_, layout);
  if (!queues.ok()) return std::move(queues.status());
  auto lists = controller_->allocate(depth * kPageSize);
  if (!lists.ok()) return std::move(lists.status());
  queue_memory_ = std::move(queues.value());
  prp_memory_ = std::move(lists.value());

  std::byte* bytes = queue_memory_->bytes();
  block_ = new (bytes) QueueControlBlock{};
  block_->queue_id = queue_id_;
  block_->sq_entries = block_->cq_entries = static_cast<int32_t>(entries);
  block_->cq_phase = static_cast<int32_t>(kPhaseTag);
  sq_ = reinterpret_cast<spec::SubmissionQueueEntry*>(bytes + layout.sq_offset);
  cq_ = reinterpret_cast<spec::CompletionQueueEntry*>(bytes + layout.cq_offset);
  sq_address_ = queue_memory_->io_address(layout.sq_offset);
  cq_address_ = queue_memory_->io_address(layout.cq_offset);

  transport_ = controller_->shared_transport().get();
  doorbells_ = transport_->doorbells();
  sq_doorbell_ = doorbell_of(doorbells_, queue_id_, false);
  cq_doorbell_ = doorbell_of(doorbells_, queue_id_, true);
  return {};
}

Status QueuePair::bind_wake(WakeTarget target) {
  if (vector_ < 0) return {};
  target.armed = reinterpret_cast<std::atomic<uint32_t>*>(&block_->armed);
  target.state = reinterpret_cast<std::atomic<uint32_t>*>(&block_->state);
  target.state_when_gone = static_cast<uint32_t>(QueueState::Lost);
  NVM_TRY(transport_->bind_wake(static_cast<uint16_t>(vector_), target));
  wake_bound_ = true;
  return {};
}

Status QueuePair::unbind_wake() {
  if (!wake_bound_) return {};
  wake_bound_ = false;
  return transport_->bind_wake(static_cast<uint16_t>(vector_), WakeTarget{});
}

// A command that was not answered may still be executed: then the queue counts as existing, and is
// deleted.
Status QueuePair::create_queue(spec::SubmissionQueueEntry command, uint64_t address, bool* exists) {
  command.prp1 = address;
  auto created = controller_->admin(command, admin_timeout_ns_);
  *exists = !created.ok() || created.value().status_field == 0;
  if (!created.ok()) return std::move(created.status());
  return Status::from_nvme(created.value().status_field);
}

Status QueuePair::create_queues() {
  for (const bool completion : {true, false}) transport_->clear_doorbell(queue_id_, completion);
  const uint32_t size_field = static_cast<uint32_t>(block_->sq_entries) - 1;
  spec::SubmissionQueueEntry create_cq{};
  create_cq.opc = spec::admin_opcode::create_io_completion_queue;
  create_cq.cdw10 =
      spec::create_cq_cdw10::qid.put(queue_id_) | spec::create_cq_cdw10::qsize.put(size_field);
  create_cq.cdw11 = spec::create_cq_cdw11::pc.put(1);
  if (vector_ >= 0) {
    create_cq.cdw11 |= spec::create_cq_cdw11::ien.put(1) |
                       spec::create_cq_cdw11::iv.put(static_cast<uint32_t>(vector_));
  }
  NVM_TRY(create_queue(create_cq, cq_address_, &cq_exists_));

  spec::SubmissionQueueEntry create_sq{};
  create_sq.opc = spec::admin_opcode::create_io_submission_queue;
  create_sq.cdw10 =
      spec::create_sq_cdw10::qid.put(queue_id_) | spec::create_sq_cdw10::qsize.put(size_field);
  create_sq.cdw11 = spec::create_sq_cdw11::pc.put(1) | spec::create_sq_cdw11::cqid.put(queue_id_);
  return create_queue(create_sq, sq_address_, &sq_exists_);
}

Result<std::shared_ptr<QueuePair>> QueuePair::create(std::shared_ptr<Controller> controller,
                                                     QueueNumber number,
                                                     const QueuePairOptions& options) {
  std::shared_ptr<QueuePair> pair(new QueuePair);
  pair->controller_ = std::move(controller);
  pair->queue_id_ = number.queue_id;
  pair->vector_ = number.vector;
  pair->admin_timeout_ns_ = options.admin_timeout_ns != 0 ? options.admin_timeout_ns
                                                          : pair->controller_->admin_timeout_ns();
  Status made = pair->lay_out(options.depth);
  if (made.ok()) made = pair->bind_wake(options.wake);
  if (made.ok()) made = pair->create_queues();
  if (made.ok()) return pair;
  std::lock_guard lock(pair->close_mutex_);
  (void)pair->close_locked();
  return made;
}

// Success also when the device says that there is no such queue.
Status QueuePair::delete_queue(bool completion, uint64_t timeout_ns) {
  spec::SubmissionQueueEntry command{};
  command.opc = completion ? spec::admin_opcode::delete_io_completion_queue
                           : spec::admin_opcode::delete_io_submission_queue;
  command.cdw10 = queue_id_;
  auto deleted = controller_->admin(command, timeout_ns);
  if (!deleted.ok()) {
    const bool was_reset = controller_->transport().manager() != nullptr &&
                           deleted.status().failure().code == ErrorCode::Aborted;
    return was_reset ? Status() : std::move(deleted.status());
  }
  constexpr uint16_t kStatusCode = 0x7ff;  // SCT and SC
  const uint16_t status = deleted.value().status_field;
  if ((status & kStatusCode) == spec::status::invalid_queue_identifier) return {};
  return Status::from_nvme(status);
}

// A manager in another process is asked also for queues that are lost: what it tells of a reset may
// come when the queue has been made anew.
Status QueuePair::delete_queues(uint64_t timeout_ns) {
  Transport& transport = controller_->transport();
  const bool may_exist =
      !lost() || (transport.manager() != nullptr && check_health(transport).ok());
  const bool is_gone = transport.is_gone() || controller_->awaits_device();
  if (!may_exist || is_gone) sq_exists_ = cq_exists_ = false;
  if (sq_exists_) NVM_TRY(delete_queue(false, timeout_ns));
  sq_exists_ = false;
  if (cq_exists_) NVM_TRY(delete_queue(true, timeout_ns));
  cq_exists_ = false;
  return {};
}

// The manager may have gone, or go meanwhile: the next one knows no queues.
Status QueuePair::delete_lost_queues(uint64_t timeout_ns) {
  Status status = check_health(*transport_);
  if (status.ok()) status = delete_queues(timeout_ns);
  return !status.ok() && controller_->outlives(status.failure()) ? Status() : std::move(status);
}

// Why the device may still know the queue of a client, which cannot reset the controller for it.
Status QueuePair::explain_kept(const Status& refusal) const {
  const RemoteManager* manager = transport_->manager();
  if (manager == nullptr || refusal.failure().code == ErrorCode::ManagerGone) {
    return refusal.failure();
  }
  Failure failure = refusal.failure();
  failure.detail += std::string(failure.detail.empty() ? "" : "; ") + "queue pair " +
                    std::to_string(queue_id_) +
                    " could not be deleted: its memory stays until the process that serves " +
                    manager->path + " resets the controller; other queue pairs go on";
  return failure;
}

Status QueuePair::close() {
  if (controller_->is_inherited()) return {};
  std::shared_lock reset_lock(controller_->reset_mutex_);
  std::lock_guard lock(close_mutex_);
  return close_locked();
}

Status QueuePair::close_locked() {
  if (closed_) return {};
  Status result = unbind_wake();
  // Who has given commands much time does not wait as long for a device that is gone.
  if (result.ok()) result = delete_queues(std::min(admin_timeout_ns_, kAdminTimeoutNs));
  // Whoever comes next knows no queues.
  if (!result.ok() && controller_->outlives(result.failure())) result = {};
  finish(result);
  return result.ok() ? Status() : explain_kept(result);
}

Result<std::optional<ErrorCode>> QueuePair::drop(uint64_t timeout_ns) {
  NVM_TRY(controller_->refuse_if_inherited());
  if (timeout_ns == 0) timeout_ns = admin_timeout_ns_;
  uint32_t epoch = 0;
  Status deleted;
  {
    std::shared_lock reset_lock(controller_->reset_mutex_);
    std::lock_guard lock(close_mutex_);
    if (closed_) return Status(ErrorCode::Closed, "queue pair " + std::to_string(queue_id_));
    epoch = controller_->epoch();
    dropped_ = true;
    if (lost()) {
      deleted = transport_->manager() != nullptr ? delete_lost_queues(timeout_ns) : Status();
      if (!deleted.ok()) return explain_kept(deleted);
      return std::optional(lost_.load());
    }
    // What a client asks while its manager resets the controller is answered afterwards.
    if (transport_->manager() == nullptr) deleted = check_enabled(*transport_);
    if (deleted.ok()) deleted = delete_queues(timeout_ns);
    // One that has gone meanwhile was not asked.
    if (deleted.ok() && is_away(*transport_)) deleted = transport_->gone();
    if (deleted.ok()) {
      set_state(QueueState::Lost);
      return std::optional<ErrorCode>();
    }
  }
  if (transport_->manager() != nullptr) {
    if (hears_of_loss(epoch)) return drop(timeout_ns);
    const Status health = check_health(*transport_);
    return explain_kept(health.ok() ? deleted : health);
  }
  Status reset = controller_->reset(epoch, admin_timeout_ns_);
  if (reset.ok()) return std::optional(deleted.failure().code);
  if (controller_->outlives(reset.failure())) return std::optional(ErrorCode::ControllerGone);
  return reset;
}

// Whether a client's queues were lost since `epoch`: it is told of a reset when the controller was
// disabled, and of its manager's end, which may be later than what that did to a deletion.
bool QueuePair::hears_of_loss(uint32_t epoch) {
  const Status enabled = check_enabled(*transport_);
  const bool resets = !enabled.ok() && enabled.failure().code == ErrorCode::ControllerDisabled;
  const uint64_t timeout_ns =
      kNoticeTimeoutNs + (resets ? controller_->properties().ready_timeout_ns : 0);
  return wait_until(controller_->waiter_, timeout_ns,
                    [&] { return controller_->epoch() != epoch; });
}

// A reset comes before or after, because of the shared lock: what it loses afterwards is this
// queue.
Status QueuePair::recreate() {
  NVM_TRY(controller_->refuse_if_inherited());
  controller_->await_device();
  std::shared_lock reset_lock(controller_->reset_mutex_);
  std::lock_guard lock(close_mutex_);
  if (closed_ || !dropped_) {
    return Status(ErrorCode::Closed, "queue pair " + std::to_string(queue_id_));
  }
  NVM_TRY(delete_queues(admin_timeout_ns_));
  const size_t cq_bytes = static_cast<size_t>(block_->cq_entries) * sizeof(*cq_);
  std::memset(static_cast<void*>(cq_), 0, cq_bytes);
  block_->sq_tail = block_->sq_doorbell = block_->cq_head = 0;
  block_->cq_phase = static_cast<int32_t>(kPhaseTag);
  block_->outstanding = 0;
  lost_.store(ErrorCode{}, std::memory_order_release);
  NVM_TRY(create_queues());
  set_state(QueueState::Live);
  dropped_ = false;
  return {};
}

void QueuePair::set_state(QueueState state) {
  __atomic_store_n(&block_->state, static_cast<int32_t>(state), __ATOMIC_RELEASE);
}

void QueuePair::lose(ErrorCode why) {
  lost_.store(why, std::memory_order_release);
  int32_t live = static_cast<int32_t>(QueueState::Live);
  // One that is closed stays closed.
  __atomic_compare_exchange_n(&block_->state, &live, static_cast<int32_t>(QueueState::Lost), false,
                              __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

void QueuePair::abandon() {
  std::lock_guard lock(close_mutex_);
  if (closed_) return;
  (void)unbind_wake();
  finish(Status(ErrorCode::Aborted));
}

// With `close_mutex_` held.
void QueuePair::finish(const Status& result) {
  closed_ = true;
  const QueueState state = result.ok() ? QueueState::Closed : QueueState::Failed;
  if (block_ != nullptr) set_state(state);
  if (result.ok()) return controller_->give_back({queue_id_, vector_});
  // Id and vector stay taken as well: the device may still know a queue under them.
  controller_->withhold({queue_id_, vector_});
  controller_->quarantine(queue_memory_);
  controller_->quarantine(prp_memory_);
}

QueuePair::~QueuePair() {
  // Whoever failed to create it closed it, under locks that close() takes.
  if (!closed_) (void)close();
}

uint64_t* QueuePair::prp_list(uint32_t command_id) {
  return reinterpret_cast<uint64_t*>(prp_memory_->bytes() + command_id * kPageSize);
}

uint64_t QueuePair::prp_list_address(uint32_t command_id) const {
  return prp_memory_->io_address(command_id * kPageSize);
}

}  // namespace nvm

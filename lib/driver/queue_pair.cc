// SPDX-License-Identifier: MIT
#include "driver/queue_pair.h"

#include <algorithm>
#include <new>
#include <string>

#include "driver/controller.h"

namespace nvm {

namespace {

constexpr size_t kPageSize = 4096;
constexpr size_t kHugePageSize = 2u << 20;
constexpr uint64_t kQueueTimeoutNs = 5'000 * kNanosecondsPerMillisecond;  // of each queue command

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
  block_->cq_phase = 0x10000;
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
  auto created = controller_->admin(command, kQueueTimeoutNs);
  *exists = !created.ok() || created.value().status_field == 0;
  if (!created.ok()) return std::move(created.status());
  return Status::from_nvme(created.value().status_field);
}

Status QueuePair::create_queues() {
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
                                                     uint16_t queue_id, int vector,
                                                     const QueuePairOptions& options) {
  std::shared_ptr<QueuePair> pair(new QueuePair);
  pair->controller_ = std::move(controller);
  pair->queue_id_ = queue_id;
  pair->vector_ = vector;
  // Each step that fails is undone, with those before it, by the destructor's close().
  NVM_TRY(pair->lay_out(options.depth));
  NVM_TRY(pair->bind_wake(options.wake));
  NVM_TRY(pair->create_queues());
  return pair;
}

// Success also when the device says that there is no such queue.
Status QueuePair::delete_queue(bool completion) {
  spec::SubmissionQueueEntry command{};
  command.opc = completion ? spec::admin_opcode::delete_io_completion_queue
                           : spec::admin_opcode::delete_io_submission_queue;
  command.cdw10 = queue_id_;
  auto deleted = controller_->admin(command, kQueueTimeoutNs);
  if (!deleted.ok()) return std::move(deleted.status());
  constexpr uint16_t kStatusCode = 0x7ff;  // SCT and SC
  const uint16_t status = deleted.value().status_field;
  if ((status & kStatusCode) == spec::status::invalid_queue_identifier) return {};
  return Status::from_nvme(status);
}

Status QueuePair::close() {
  std::lock_guard lock(close_mutex_);
  if (closed_) return {};
  Status result = unbind_wake();
  if (result.ok() && sq_exists_) result = delete_queue(false);
  if (result.ok() && cq_exists_) result = delete_queue(true);
  finish(result);
  return result;
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
  if (block_ != nullptr) block_->state = static_cast<int32_t>(state);
  if (result.ok()) return controller_->give_back(queue_id_, vector_);
  // Id and vector stay taken as well: the device may still know a queue under them.
  controller_->quarantine(queue_memory_);
  controller_->quarantine(prp_memory_);
}

QueuePair::~QueuePair() {
  (void)close();
}

uint64_t* QueuePair::prp_list(uint32_t command_id) {
  return reinterpret_cast<uint64_t*>(prp_memory_->bytes() + command_id * kPageSize);
}

uint64_t QueuePair::prp_list_address(uint32_t command_id) const {
  return prp_memory_->io_address(command_id * kPageSize);
}

}  // namespace nvm

// SPDX-License-Identifier: MIT
#include "client.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "block.h"
#include "driver/remote_manager.h"
#include "driver/wait.h"
#include "transport/open.h"

namespace nvm::stress {

namespace {

constexpr uint32_t kPageBytes = 4096;
constexpr uint32_t kLanes = 32, kLaneBlocks = 8;
constexpr uint32_t kCopyLanes = 2, kCopyBlocks = kBlocksOfSlot / kCopyLanes;
constexpr uint64_t kTimeoutNs = 10'000 * kNanosecondsPerMillisecond;
constexpr uint64_t kQueueCreateNs = 2 * kNanosecondsPerMillisecond;  // between its two halves
constexpr uint64_t kRestNs = kNanosecondsPerMillisecond;
constexpr uint64_t kReconnectNs = 60'000 * kNanosecondsPerMillisecond;

[[noreturn]] void fail(const char* what, const Failure& failure) {
  std::fprintf(stderr, "%s: error %d: %s\n", what, static_cast<int>(failure.code),
               failure.detail.c_str());
  std::exit(1);
}

template <class T>
T expect(Result<T> result, const char* what) {
  if (!result.ok()) fail(what, result.status().failure());
  return std::move(result.value());
}

void expect(const Status& status, const char* what) {
  if (!status.ok()) fail(what, status.failure());
}

void expect_success(uint16_t status_field, const char* what) {
  if (status_field == 0) return;
  std::fprintf(stderr, "%s: status %#x\n", what, status_field);
  std::exit(1);
}

void pause_ns(uint64_t ns) {
  (void)wait_until(thread_waiter(), ns, [] { return false; });
}

}  // namespace

Client::Client(const std::string& socket, Slot& slot, unsigned index, bool reconnects)
    : slot_(slot), first_lba_(index * kBlocksOfSlot), reconnects_(reconnects) {
  transport_ = expect(open_transport(socket, reconnects ? kReconnectNs : 0), "connect");
  controller_ = expect(Controller::open(transport_, thread_waiter()), "open");
  expect(controller_->claim_admin(), "claim");
  QueuePairOptions options;
  options.depth = kLanes;
  queue_ = expect(controller_->create_queue_pair(options), "queue pair");
  data_ = expect(controller_->allocate(kBlocksOfSlot * kBlockBytes), "data");
  page_ = expect(controller_->allocate(kPageBytes), "page");
  queue_memory_ = expect(controller_->allocate(2 * kPageBytes), "queue memory");
}

void Client::run() {
  adopt();
  while (slot_.ending.load(std::memory_order_acquire) == 0) {
    if (lost_) adopt();
    const auto wanted = static_cast<Phase>(slot_.wanted.load(std::memory_order_acquire));
    switch (wanted) {
      case Phase::MidRpc:
        call();
        break;
      case Phase::QueueCreate:
        create_queues();
        break;
      case Phase::Idle:
        rest();
        break;
      default:
        work(wanted);
    }
  }
  expect(queue_->close(), "delete queues");
  expect(controller_->close(), "close");
}

void Client::set_phase(Phase phase) {
  slot_.phase.store(static_cast<uint32_t>(phase), std::memory_order_release);
}

bool Client::stays(Phase phase) const {
  return slot_.ending.load(std::memory_order_acquire) == 0 &&
         slot_.wanted.load(std::memory_order_acquire) == static_cast<uint32_t>(phase);
}

// What was completed is there, or the write that was in flight when the one before died.
void Client::adopt() {
  do {
    lost_ = false;
    shape(kCopyLanes, kCopyBlocks);
    for (uint16_t lane = 0; lane < kCopyLanes; lane++) {
      lanes_[lane].first = lane * kCopyBlocks;
      lanes_[lane].reads = true;
      read(lane);
    }
    ring();
    drain();
  } while (lost_);
}

void Client::work(Phase wanted) {
  const Phase phase = wanted == Phase::MidCopy ? Phase::MidCopy : Phase::Submit;
  const bool copies = phase == Phase::MidCopy;
  shape(copies ? kCopyLanes : kLanes, copies ? kCopyBlocks : kLaneBlocks);
  for (uint16_t lane = 0; lane < lanes_.size(); lane++) begin(lane);
  ring();
  set_phase(phase);
  while (!lost_ && stays(wanted)) (void)reap(true);
  set_phase(Phase::Changing);
  drain();
}

// Admin commands, each beside an I/O command.
void Client::call() {
  while (!lost_ && stays(Phase::MidRpc)) {
    shape(1, kLaneBlocks);
    begin(0);
    ring();
    spec::SubmissionQueueEntry command{};
    command.opc = spec::admin_opcode::identify;
    command.cdw10 = spec::cns::identify_controller;
    command.prp1 = page_->io_address(0);
    set_phase(Phase::MidRpc);
    auto completion = controller_->admin(command, kTimeoutNs, page_);
    set_phase(Phase::Changing);
    if (completion.ok()) {
      expect_success(completion.value().status_field, "identify");
    } else {
      expect_died(completion.status(), "identify");
    }
    drain();
  }
}

// Queues by hand, with time between the two of a pair, beside an I/O command.
void Client::create_queues() {
  while (!lost_ && stays(Phase::QueueCreate)) {
    shape(1, kLaneBlocks);
    begin(0);
    ring();
    create_pair();
    set_phase(Phase::Changing);
    drain();
  }
}

// Ends early when the manager dies: the next one knows no queues, and has the number to take back.
void Client::create_pair() {
  namespace opcode = spec::admin_opcode;
  const RemoteManager& manager = *transport_->manager();
  auto taken = manager.queue_numbers->take(false);
  if (!taken.ok()) return expect_died(taken.status(), "queue number");
  const QueueNumber number = taken.value();
  const uint32_t id = number.queue_id;
  const uint32_t size = spec::create_cq_cdw10::qid.put(id) | spec::create_cq_cdw10::qsize.put(31);
  const uint32_t cq = spec::create_cq_cdw11::pc.put(1);
  const uint32_t sq = spec::create_sq_cdw11::pc.put(1) | spec::create_sq_cdw11::cqid.put(id);
  if (ask(opcode::create_io_completion_queue, size, cq, queue_memory_->io_address(0))) {
    set_phase(Phase::QueueCreate);
    pause_ns(kQueueCreateNs);
    const uint64_t address = queue_memory_->io_address(kPageBytes);
    (void)(ask(opcode::create_io_submission_queue, size, sq, address) &&
           ask(opcode::delete_io_submission_queue, id) &&
           ask(opcode::delete_io_completion_queue, id));
  }
  manager.queue_numbers->give_back(number);
}

// False when the manager has died; the next one knows nothing of queues that were begun before.
bool Client::ask(uint8_t opcode, uint32_t cdw10, uint32_t cdw11, uint64_t prp1) {
  spec::SubmissionQueueEntry command{};
  command.opc = opcode;
  command.cdw10 = cdw10;
  command.cdw11 = cdw11;
  command.prp1 = prp1;
  auto completion = transport_->manager()->admin->submit(command, kTimeoutNs);
  if (completion.ok() && completion.value().status_field == 0) return true;
  if (reconnects_ && queue_->lost()) return false;
  if (!completion.ok()) {
    expect_died(completion.status(), "admin command");
  } else {
    expect_success(completion.value().status_field, "admin command");
  }
  return false;
}

void Client::expect_died(const Status& status, const char* what) const {
  const Failure& failure = status.failure();
  if (!reconnects_ || failure.code != ErrorCode::ManagerGone) fail(what, failure);
}

void Client::rest() {
  set_phase(Phase::Idle);
  while (!queue_->lost() && stays(Phase::Idle)) pause_ns(kRestNs);
  set_phase(Phase::Changing);
  if (queue_->lost()) recover();
}

void Client::shape(uint32_t lanes, uint32_t blocks) {
  lanes_.assign(lanes, {});
  blocks_ = blocks;
  next_ = next_ / (lanes * blocks) * (lanes * blocks);
  for (uint32_t lane = 0; lane < lanes; lane++) lanes_[lane].next = next_ + lane * blocks;
}

std::byte* Client::bytes_of(uint16_t lane) const {
  return data_->bytes() + size_t{lane} * blocks_ * kBlockBytes;
}

void Client::begin(uint16_t lane) {
  Lane& each = lanes_[lane];
  each.first = each.next;
  each.next = (each.first + static_cast<uint32_t>(lanes_.size()) * blocks_) % kBlocksOfSlot;
  next_ = each.next - lane * blocks_;
  write(lane);
}

// The version is one that no client of this slot has written, completed or not.
void Client::write(uint16_t lane) {
  Lane& each = lanes_[lane];
  each.reads = false;
  each.version = 0;
  for (uint32_t i = each.first; i < each.first + blocks_; i++) {
    each.version = std::max(
        {each.version, slot_.completed_version[i].load(), slot_.version_in_flight[i].load()});
  }
  each.version++;
  for (uint32_t i = 0; i < blocks_; i++) {
    fill_block(bytes_of(lane) + i * kBlockBytes, first_lba_ + each.first + i, each.version);
    slot_.version_in_flight[each.first + i].store(each.version, std::memory_order_release);
  }
  submit(lane, spec::nvm_opcode::write);
}

void Client::read(uint16_t lane) {
  lanes_[lane].reads = true;
  std::memset(bytes_of(lane), 0xee, blocks_ * kBlockBytes);
  submit(lane, spec::nvm_opcode::read);
}

void Client::submit(uint16_t lane, uint8_t opcode) {
  spec::SubmissionQueueEntry* entry = queue_->enqueue();
  const size_t offset = size_t{lane} * blocks_ * kBlockBytes;
  const size_t pages = blocks_ * kBlockBytes / kPageBytes;
  *entry = {};
  entry->opc = opcode;
  entry->cid = lane;
  entry->nsid = 1;
  entry->prp1 = data_->io_address(offset);
  if (pages > 1) {
    for (size_t page = 1; page < pages; page++) {
      queue_->prp_list(lane)[page - 1] = data_->io_address(offset + page * kPageBytes);
    }
    entry->prp2 = queue_->prp_list_address(lane);
  }
  entry->cdw10 = first_lba_ + lanes_[lane].first;
  entry->cdw12 = blocks_ - 1;
  queued_++;
}

void Client::ring() {
  queue_->ring();
  slot_.submitted.fetch_add(queued_, std::memory_order_release);
  outstanding_ += queued_;
  queued_ = 0;
}

uint32_t Client::reap(bool again) {
  const bool came = wait_for_device(*transport_, thread_waiter(), kTimeoutNs,
                                    [&] { return queue_->lost() || queue_->poll() != nullptr; });
  if (queue_->lost()) {
    recover();
    return 0;
  }
  if (!came) {
    std::fprintf(stderr, "no completion in 10 s\n");
    std::exit(1);
  }
  uint32_t count = 0;
  while (const spec::CompletionQueueEntry* completion = queue_->poll()) {
    expect_success(static_cast<uint16_t>(completion->status >> 1), "I/O command");
    const uint16_t lane = completion->cid;
    queue_->consume();
    slot_.completed.fetch_add(1, std::memory_order_release);
    count++;
    Lane& each = lanes_[lane];
    if (each.reads) {
      verify(each, bytes_of(lane));
      if (again) begin(lane);
      continue;
    }
    for (uint32_t i = each.first; i < each.first + blocks_; i++) {
      slot_.completed_version[i].store(each.version, std::memory_order_release);
    }
    read(lane);
  }
  outstanding_ -= count;
  queue_->ring_cq();
  ring();
  return count;
}

void Client::recover() {
  if (!reconnects_) fail("queue", transport_->gone().failure());
  for (;;) {
    (void)expect(queue_->drop(), "drop");
    (void)wait_until(thread_waiter(), kReconnectNs, [&] { return !transport_->awaits_manager(); });
    const Status created = queue_->recreate();
    if (created.ok()) break;
    if (created.failure().code != ErrorCode::ManagerGone) fail("recreate", created.failure());
    const auto is_known = [&] { return queue_->lost() || !transport_->awaits_manager(); };
    (void)wait_until(thread_waiter(), kReconnectNs, is_known);
  }
  slot_.completed.store(slot_.submitted.load(), std::memory_order_release);
  slot_.managers.fetch_add(1, std::memory_order_release);
  outstanding_ = queued_ = 0;
  lost_ = true;
}

void Client::drain() {
  while (outstanding_ > 0) (void)reap(false);
}

void Client::verify(const Lane& lane, const std::byte* bytes) {
  for (uint32_t i = 0; i < blocks_; i++) check(bytes + i * kBlockBytes, lane.first + i);
  slot_.verified.fetch_add(blocks_, std::memory_order_release);
}

void Client::check(const std::byte* block, uint32_t index) {
  const uint32_t completed = slot_.completed_version[index].load(std::memory_order_acquire);
  const uint32_t in_flight = slot_.version_in_flight[index].load(std::memory_order_acquire);
  const auto version = version_of(block, first_lba_ + index);
  if (version && (*version == completed || *version == in_flight)) {
    slot_.completed_version[index].store(*version, std::memory_order_release);
    return;
  }
  // Only who copied into the image can have died in the middle of a block.
  if (reconnects_ && !version && in_flight != completed &&
      is_mixed(block, first_lba_ + index, completed, in_flight)) {
    slot_.torn.fetch_add(1, std::memory_order_release);
    return;
  }
  const bool lost = version && *version < completed;
  (lost ? slot_.lost : slot_.wrong).fetch_add(1, std::memory_order_release);
}

}  // namespace nvm::stress

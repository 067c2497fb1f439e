// SPDX-License-Identifier: MIT
#include "lane.h"

namespace nvm::simulation {
namespace {

constexpr uint64_t kTimeoutNs = 5'000 * kNanosecondsPerMillisecond;

constexpr uint64_t kShortNs = 1'000 * kNanosecondsPerMillisecond;

class PairLane final : public Lane {
 public:
  PairLane(std::shared_ptr<QueuePair> pair, bool wakes) : pair_(std::move(pair)), wakes_(wakes) {}

  size_t sq_count() const override { return 1; }
  uint16_t sq_id(size_t) const override { return pair_->id(); }
  uint32_t sq_entries(size_t) const override { return pair_->depth() + 1; }
  spec::SubmissionQueueEntry* enqueue(size_t) override { return pair_->enqueue(); }
  void ring(size_t) override { pair_->ring(); }
  const spec::CompletionQueueEntry* poll() override { return pair_->poll(); }
  void consume(const spec::CompletionQueueEntry& /* entry */, bool stray) override {
    const int32_t outstanding = pair_->block().outstanding;
    pair_->consume();
    if (stray) pair_->block().outstanding = outstanding;
  }
  bool restart() override { return pair_->drop(kShortNs).ok() && pair_->recreate().ok(); }
  void ring_cq() override { pair_->ring_cq(); }
  Status close() override { return pair_->close(); }
  void ring_again(size_t) override {
    store_doorbell(pair_->sq_doorbell(), static_cast<uint32_t>(pair_->block().sq_doorbell));
  }
  bool arm() override {
    if (wakes_) pair_->block().armed = 1;
    return wakes_;
  }

 private:
  std::shared_ptr<QueuePair> pair_;
  const bool wakes_;
};

struct Ring {
  uint16_t id = 0;
  uint32_t entries = 0;
  uint32_t tail = 0;
  uint32_t rung = 0;
  uint32_t outstanding = 0;
  std::shared_ptr<DmaDescriptor> memory;
};

class SharedLane final : public Lane {
 public:
  explicit SharedLane(std::shared_ptr<Controller> controller)
      : controller_(std::move(controller)), doorbells_(controller_->transport().doorbells()) {}

  Status create(const SharedLaneOptions& options) {
    spec::SubmissionQueueEntry command{};
    command.opc = spec::admin_opcode::create_io_completion_queue;
    command.cdw11 = spec::create_cq_cdw11::pc.put(1);
    cq_.id = options.first_id;
    cq_.entries = options.cq_entries;
    NVM_TRY(create_queue(cq_, sizeof(spec::CompletionQueueEntry), command));
    for (size_t i = 0; i < options.sq_entries.size(); i++) {
      command.opc = spec::admin_opcode::create_io_submission_queue;
      command.cdw11 =
          spec::create_sq_cdw11::pc.put(1) | spec::create_sq_cdw11::cqid.put(options.first_id);
      Ring ring;
      ring.id = static_cast<uint16_t>(options.first_id + i);
      ring.entries = options.sq_entries[i];
      Status created = create_queue(ring, sizeof(spec::SubmissionQueueEntry), command);
      sqs_.push_back(std::move(ring));
      NVM_TRY(std::move(created));
    }
    return {};
  }

  size_t sq_count() const override { return sqs_.size(); }
  uint16_t sq_id(size_t sq) const override { return sqs_[sq].id; }
  uint32_t sq_entries(size_t sq) const override { return sqs_[sq].entries; }

  // The completion queue may be smaller than what is outstanding: the device has to wait then.
  spec::SubmissionQueueEntry* enqueue(size_t sq) override {
    Ring& ring = sqs_[sq];
    if (ring.outstanding == ring.entries - 1) return nullptr;
    ring.outstanding++;
    auto* entries = reinterpret_cast<spec::SubmissionQueueEntry*>(ring.memory->bytes());
    spec::SubmissionQueueEntry* entry = &entries[ring.tail];
    ring.tail = (ring.tail + 1) % ring.entries;
    return entry;
  }

  void ring(size_t sq) override {
    sqs_[sq].rung = sqs_[sq].tail;
    ring_again(sq);
  }

  void ring_again(size_t sq) override {
    store_doorbell(doorbell_of(doorbells_, sqs_[sq].id, false), sqs_[sq].rung);
  }

  const spec::CompletionQueueEntry* poll() override {
    const auto* entries = reinterpret_cast<spec::CompletionQueueEntry*>(cq_.memory->bytes());
    const uint32_t phase_tag = load_completion_dword3(entries[cq_.tail]) & kPhaseTag;
    return phase_tag == phase_ ? &entries[cq_.tail] : nullptr;
  }

  void consume(const spec::CompletionQueueEntry& entry, bool stray) override {
    for (Ring& ring : sqs_) {
      if (ring.id == entry.sqid && !stray) ring.outstanding--;
    }
    cq_.tail = (cq_.tail + 1) % cq_.entries;
    if (cq_.tail == 0) phase_ ^= kPhaseTag;
  }

  void ring_cq() override { store_doorbell(doorbell_of(doorbells_, cq_.id, true), cq_.tail); }

  Status close() override {
    for (const Ring& ring : sqs_) {
      NVM_TRY(delete_queue(spec::admin_opcode::delete_io_submission_queue, ring.id));
    }
    return delete_queue(spec::admin_opcode::delete_io_completion_queue, cq_.id);
  }

  // Nobody knows which of its queues the device knows.
  void quarantine() {
    if (cq_.memory != nullptr) controller_->quarantine(cq_.memory);
    for (const Ring& ring : sqs_) {
      if (ring.memory != nullptr) controller_->quarantine(ring.memory);
    }
  }

 private:
  Status create_queue(Ring& ring, size_t entry_bytes, spec::SubmissionQueueEntry command) {
    auto memory = controller_->allocate(ring.entries * entry_bytes);
    if (!memory.ok()) return std::move(memory.status());
    ring.memory = std::move(memory.value());
    command.prp1 = ring.memory->io_address(0);
    command.cdw10 = ring.id | (ring.entries - 1) << 16;
    auto completion = controller_->admin(command, kTimeoutNs);
    if (!completion.ok()) return std::move(completion.status());
    return Status::from_nvme(completion.value().status_field);
  }

  Status delete_queue(uint8_t opcode, uint16_t id) {
    spec::SubmissionQueueEntry command{};
    command.opc = opcode;
    command.cdw10 = id;
    auto completion = controller_->admin(command, kTimeoutNs);
    if (!completion.ok()) return std::move(completion.status());
    return Status::from_nvme(completion.value().status_field);
  }

  std::shared_ptr<Controller> controller_;
  Doorbells doorbells_;
  Ring cq_;  // `tail`: where the host reads
  uint32_t phase_ = kPhaseTag;
  std::vector<Ring> sqs_;
};

}  // namespace

Result<std::unique_ptr<Lane>> make_pair_lane(Controller& controller, uint32_t depth, int sleeper) {
  QueuePairOptions options;
  options.depth = depth;
  options.wakes = sleeper >= 0;
  options.wake.fd = sleeper;
  auto pair = controller.create_queue_pair(options);
  if (!pair.ok()) return std::move(pair.status());
  return std::unique_ptr<Lane>(std::make_unique<PairLane>(std::move(pair.value()), options.wakes));
}

Result<std::unique_ptr<Lane>> make_shared_lane(Controller& controller,
                                               const SharedLaneOptions& options) {
  auto lane = std::make_unique<SharedLane>(controller.shared_from_this());
  Status created = lane->create(options);
  if (!created.ok()) {
    lane->quarantine();
    return created;
  }
  return std::unique_ptr<Lane>(std::move(lane));
}

}  // namespace nvm::simulation

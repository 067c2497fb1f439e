// SPDX-License-Identifier: MIT
#include "driver/controller.h"

#include <algorithm>
#include <string>

#include "driver/quarantine.h"
#include "driver/remote_manager.h"
#include "driver/reset.h"

namespace nvm {

namespace {

constexpr uint32_t kPageSize = 4096;
constexpr uint64_t kAbortTimeoutNs = 250 * kNanosecondsPerMillisecond;
constexpr uint32_t kQueuePairsWanted = 128;

}  // namespace

Controller::Controller(std::shared_ptr<Transport> transport, Waiter& waiter)
    : transport_(std::move(transport)), waiter_(waiter) {}

Controller::~Controller() {
  (void)close();
  if (!is_inherited()) return;
  // What lets go of these talks to the device.
  quarantine_forever(std::move(admin_));
  quarantine_forever(std::move(ownership_.admin));
  quarantine_forever(std::move(transport_));
  for (auto& memory : quarantined_) quarantine_forever(std::move(memory));
}

Result<std::shared_ptr<Controller>> Controller::open(std::shared_ptr<Transport> transport,
                                                     Waiter& waiter) {
  const std::string& address = transport->capabilities().address;
  const uint64_t cap = transport->read_register64(spec::registers::cap);
  if (cap == UINT64_MAX) return transport->gone();
  const auto command_sets = spec::cap::css.get(cap);
  if (!spec::cap_css::nvm.get(command_sets) && !spec::cap_css::io_command_sets.get(command_sets)) {
    return Status(ErrorCode::Unsupported, address + " has no I/O command set (CAP.CSS)");
  }
  if (spec::cap::mpsmin.get(cap) != 0) {
    return Status(ErrorCode::Unsupported, address + " has no 4 KiB memory pages (CAP.MPSMIN)");
  }
  std::shared_ptr<Controller> controller(new Controller(std::move(transport), waiter));
  ControllerProperties& properties = controller->properties_;
  properties.cap = cap;
  properties.vs = controller->transport_->read_register32(spec::registers::vs);
  properties.page_size = kPageSize;
  properties.doorbell_stride = 4u << spec::cap::dstrd.get(cap);
  properties.queue_entries_max = static_cast<uint32_t>(spec::cap::mqes.get(cap)) + 1;
  properties.ready_timeout_ns = ready_timeout_ns(cap);
  return controller;
}

Status Controller::closed_status() const {
  return Status(ErrorCode::Closed, "the controller " + transport_->capabilities().address);
}

Status Controller::refuse_if_inherited() const {
  if (!is_inherited()) return {};
  return Status(ErrorCode::Closed,
                "the controller " + transport_->capabilities().address + ": " + process_.explain());
}

std::shared_ptr<Admin> Controller::admin_path() {
  std::lock_guard lock(mutex_);
  return admin_;
}

Result<std::shared_ptr<Admin>> Controller::working_admin_path() {
  NVM_TRY(refuse_if_inherited());
  std::lock_guard lock(mutex_);
  if (life_ == Life::Closed || life_ == Life::Unreachable) return closed_status();
  if (broken_.has_value()) return *broken_;
  if (admin_ == nullptr) return Status(ErrorCode::NoAdmin, transport_->capabilities().address);
  return admin_;
}

bool Controller::has_admin() {
  return admin_path() != nullptr;
}

Result<Controller::Ownership> Controller::ownership() {
  NVM_TRY(refuse_if_inherited());
  std::lock_guard lock(mutex_);
  if (life_ != Life::Open) return closed_status();
  if (ownership_.admin == nullptr || ownership_.queue_numbers == nullptr) {
    return Status(ErrorCode::NoAdmin, transport_->capabilities().address);
  }
  return ownership_;
}

Status Controller::claim_admin(uint64_t timeout_ns) {
  NVM_TRY(refuse_if_inherited());
  {
    std::lock_guard lock(mutex_);
    if (life_ != Life::Open) return closed_status();
  }
  if (!has_admin()) admin_timeout_ns_ = timeout_ns;
  if (const RemoteManager* manager = transport_->manager()) return bind_to(*manager);
  std::shared_ptr<AdminQueue> admin;
  auto claimed = claim_admin_queue();
  if (claimed.ok()) admin = std::move(claimed.value());
  Status status = claimed.ok() ? start_to_manage(admin) : std::move(claimed.status());
  return with_snapshot(std::move(status), admin.get());
}

// A failure leaves `admin` to its caller, the controller being as it was then.
Status Controller::start_to_manage(const std::shared_ptr<AdminQueue>& admin) {
  NVM_TRY(admin->start());
  {
    std::lock_guard lock(mutex_);
    if (life_ != Life::Open) return closed_status();
    ownership_.admin = admin;
    admin_ = admin;
  }
  follow_device();
  Status learned = learn_limits();
  if (learned.ok()) learned = request_queues();
  if (learned.ok()) return {};
  leave_device();
  std::lock_guard lock(mutex_);
  ownership_ = {};
  admin_.reset();
  return learned;
}

Result<std::unique_ptr<AdminQueue>> Controller::claim_admin_queue() {
  auto window = allocate(2 * kPageSize);
  if (!window.ok()) return std::move(window.status());
  const auto& memory = window.value();
  return AdminQueue::claim(
      transport_, {memory->bytes(), memory->io_address(0), memory->io_address(kPageSize), memory},
      waiter_);
}

// Nothing is reset: others may be at work.
Status Controller::bind_to(const RemoteManager& manager) {
  {
    std::lock_guard lock(mutex_);
    if (admin_ != nullptr) {
      return Status(ErrorCode::Busy, transport_->capabilities().address + ", by this reference");
    }
    admin_ = manager.admin;
    queue_numbers_ = manager.queue_numbers;
    limits_ = manager.limits;
  }
  // Until close(), which waits for a call that is under way.
  transport_->on_queues_lost([this](ErrorCode why) { lose_queues(why); });
  return {};
}

Status Controller::learn_limits() {
  auto page = allocate(kPageSize);
  if (!page.ok()) return std::move(page.status());
  auto queue = working_admin_path();
  if (!queue.ok()) return std::move(queue.status());
  auto limits = identify_limits(*queue.value(), page.value(), admin_timeout_ns());
  if (!limits.ok()) return std::move(limits.status());
  limits_ = limits.value();
  return {};
}

// Set Features, Number of Queues: after each reset, as it may not change once a queue exists.
Result<uint16_t> Controller::grant_queues(Admin& admin, uint64_t timeout_ns) {
  constexpr uint32_t wanted_field = kQueuePairsWanted - 1;
  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::set_features;
  command.cdw10 = spec::feature::number_of_queues;
  command.cdw11 = wanted_field << 16 | wanted_field;
  auto completion = admin.submit(command, timeout_ns);
  if (!completion.ok()) return std::move(completion.status());
  if (completion.value().status_field != 0) {
    return Status::from_nvme(completion.value().status_field);
  }
  const uint32_t granted =
      completion.value().dword0;  // submission queues in bits 15:0, completion in 31:16
  const uint32_t pairs = std::min(granted & 0xffff, granted >> 16) + 1;
  configure_shadow_doorbells(admin, timeout_ns);
  // A pair's two doorbells must be there; those of the admin queues come first.
  const Doorbells doorbells = transport_->doorbells();
  const size_t rung = doorbells.byte_length / (2ull * doorbells.stride_bytes);
  const auto pairs_rung = static_cast<uint32_t>(std::min<size_t>(rung, kQueuePairsWanted + 1));
  if (pairs_rung < 2) {
    return Status(ErrorCode::Unsupported,
                  transport_->capabilities().address + " has no doorbells of I/O queues");
  }
  return static_cast<uint16_t>(std::min({pairs, kQueuePairsWanted, pairs_rung - 1}));
}

// Where doorbells are rung by messages: from now on only when the controller says that it does not
// look. One that refuses is rung as before.
void Controller::configure_shadow_doorbells(Admin& admin, uint64_t timeout_ns) {
  const auto pages = transport_->shadow_pages();
  if (!pages.has_value() || !limits_.takes_shadow_doorbells) return;
  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::doorbell_buffer_config;
  command.prp1 = pages->doorbells;
  command.prp2 = pages->event_indices;
  auto completion = admin.submit(command, timeout_ns);
  if (completion.ok() && completion.value().status_field == 0) transport_->use_shadow_pages();
}

Status Controller::request_queues() {
  auto queue = working_admin_path();
  if (!queue.ok()) return std::move(queue.status());
  auto granted = grant_queues(*queue.value(), admin_timeout_ns());
  if (!granted.ok()) return std::move(granted.status());
  if (transport_->capabilities().comes_back) NVM_TRY(learn_data_identity(*queue.value()));
  limits_.io_queue_pairs_max = granted.value();
  std::lock_guard lock(mutex_);
  ownership_.queue_numbers = std::make_shared<OwnQueueNumbers>(limits_.io_queue_pairs_max,
                                                               transport_->capabilities().vectors);
  queue_numbers_ = ownership_.queue_numbers;
  return {};
}

Result<Completion> Controller::admin(const spec::SubmissionQueueEntry& command, uint64_t timeout_ns,
                                     std::shared_ptr<DmaDescriptor> data) {
  return admin(command, timeout_ns, std::move(data), 0);
}

Result<Completion> Controller::admin(const spec::SubmissionQueueEntry& command, uint64_t timeout_ns,
                                     std::shared_ptr<DmaDescriptor> data,
                                     uint64_t abort_timeout_ns) {
  auto queue = working_admin_path();
  if (!queue.ok()) return std::move(queue.status());
  note_begin(command);
  auto completion = queue.value()->submit(command, timeout_ns, std::move(data), abort_timeout_ns);
  note_end(command, completion);
  return completion;
}

void Controller::note_begin(const spec::SubmissionQueueEntry& command) {
  if (changes_namespaces(command)) transport_->count_namespace_change(command.nsid);
}

void Controller::note_end(const spec::SubmissionQueueEntry& command,
                          const Result<Completion>& completion) {
  const bool is_own = transport_->manager() == nullptr;
  // Whatever its outcome: a format that failed may have begun.
  if (changes_namespaces(command)) transport_->count_namespace_change(command.nsid);
  if (is_own && changes_namespaces(command) && completion.ok() &&
      completion.value().status_field == 0) {
    note_namespace_change(command.nsid);
    events_.report_namespace_change(command.nsid);
  }
}

class Controller::Sent final : public SentCommand {
 public:
  Sent(std::shared_ptr<Controller> controller, std::shared_ptr<Admin> path,
       const spec::SubmissionQueueEntry& command, std::unique_ptr<SentCommand> sent)
      : controller_(std::move(controller)),
        path_(std::move(path)),
        command_(command),
        sent_(std::move(sent)) {}

  bool has_ended() override { return sent_->has_ended(); }
  Result<Completion> wait() override {
    auto completion = sent_->wait();
    controller_->note_end(command_, completion);
    return completion;
  }

 private:
  const std::shared_ptr<Controller> controller_;
  const std::shared_ptr<Admin> path_;
  const spec::SubmissionQueueEntry command_;
  const std::unique_ptr<SentCommand> sent_;
};

std::unique_ptr<SentCommand> Controller::send_admin(const spec::SubmissionQueueEntry& command,
                                                    uint64_t timeout_ns,
                                                    std::shared_ptr<DmaDescriptor> data) {
  if (awaits_device()) return nullptr;
  auto path = working_admin_path();
  if (!path.ok()) return nullptr;
  note_begin(command);
  auto sent = path.value()->send(command, timeout_ns, std::move(data), kAbortTimeoutNs);
  if (sent == nullptr) return nullptr;
  return std::make_unique<Sent>(shared_from_this(), std::move(path.value()), command,
                                std::move(sent));
}

Result<Completion> Controller::admin_or_abort(const spec::SubmissionQueueEntry& command,
                                              uint64_t timeout_ns,
                                              std::shared_ptr<DmaDescriptor> data) {
  await_device();
  return admin(command, timeout_ns, std::move(data), kAbortTimeoutNs);
}

Result<std::shared_ptr<DmaDescriptor>> Controller::allocate(size_t byte_length) {
  NVM_TRY(refuse_if_inherited());
  auto buffer = transport_->allocate(byte_length);
  if (!buffer.ok()) return std::move(buffer.status());
  return DmaDescriptor::map(transport_, std::move(buffer.value()));
}

Result<std::shared_ptr<DmaDescriptor>> Controller::map(void* bytes, size_t byte_length) {
  NVM_TRY(refuse_if_inherited());
  if (bytes == nullptr || byte_length == 0) return Status(ErrorCode::Argument, "no memory to map");
  if (reinterpret_cast<uintptr_t>(bytes) % kPageSize != 0 || byte_length % kPageSize != 0) {
    return Status(ErrorCode::Alignment, "memory to map must start and end at a 4096-byte page");
  }
  return DmaDescriptor::map(transport_, Buffer::wrap(bytes, byte_length));
}

Result<std::shared_ptr<DmaDescriptor>> Controller::map_peer(std::shared_ptr<Buffer> buffer) {
  NVM_TRY(refuse_if_inherited());
  return DmaDescriptor::map(transport_, std::move(buffer));
}

Result<QueueNumber> Controller::take_queue_number(bool wakes) {
  if (wakes && !transport_->capabilities().wakes) {
    return Status(ErrorCode::Unsupported,
                  transport_->capabilities().name + " delivers no interrupts");
  }
  std::shared_ptr<QueueNumbers> numbers;
  {
    std::lock_guard lock(mutex_);
    if (life_ != Life::Open) return closed_status();
    if (admin_ == nullptr) return Status(ErrorCode::NoAdmin, transport_->capabilities().address);
    numbers = queue_numbers_;
  }
  return numbers->take(wakes);
}

void Controller::give_back(QueueNumber number) {
  queue_numbers_->give_back(number);
}

void Controller::withhold(QueueNumber number) {
  std::lock_guard lock(mutex_);
  withheld_.push_back(number);
}

Result<std::shared_ptr<QueuePair>> Controller::create_queue_pair(const QueuePairOptions& options) {
  NVM_TRY(refuse_if_inherited());
  const uint32_t depth_max = properties_.queue_entries_max - 1;
  if (options.depth < 1 || options.depth > depth_max) {
    return Status(ErrorCode::Range, "depth " + std::to_string(options.depth) +
                                        "; this controller allows 1 to " +
                                        std::to_string(depth_max));
  }
  await_device();
  std::shared_lock reset_lock(reset_mutex_);
  auto number = take_queue_number(options.wakes);
  if (!number.ok()) return std::move(number.status());
  // On failure the pair gives its number back itself, or keeps it when the device may know the
  // queue.
  auto pair = QueuePair::create(shared_from_this(), number.value(), options);
  if (!pair.ok()) return pair;
  {
    std::lock_guard lock(mutex_);
    std::erase_if(queue_pairs_, [](const auto& each) { return each.expired(); });
    if (life_ == Life::Open) {
      queue_pairs_.push_back(pair.value());
      return pair;
    }
  }
  reset_lock.unlock();
  (void)pair.value()->close();
  return closed_status();
}

Status Controller::close_queue_pairs() {
  std::vector<std::shared_ptr<QueuePair>> pairs;
  {
    std::lock_guard lock(mutex_);
    for (const auto& each : queue_pairs_) {
      if (auto pair = each.lock()) pairs.push_back(std::move(pair));
    }
    queue_pairs_.clear();
  }
  Status result;
  for (const auto& pair : pairs) {
    // One that does not answer is not asked again for every queue: disabling it ends them all.
    if (!result.ok()) {
      pair->abandon();
    } else {
      result = pair->close();
    }
  }
  return result;
}

Status Controller::close() {
  if (is_inherited()) return {};
  {
    std::lock_guard lock(mutex_);
    if (life_ != Life::Open) return {};
    life_ = Life::Closing;
  }
  transport_->stop_waiting();
  leave_device();
  Status result = with_snapshot(close_queue_pairs(), own_admin().get());
  Status disabled;
  if (auto queue = admin_path()) disabled = queue->close();
  const bool is_disabled = disabled.ok();
  if (!is_disabled) result = with_snapshot(std::move(disabled), own_admin().get());
  transport_->leave();

  std::vector<std::shared_ptr<DmaDescriptor>> released;  // unmapped after the lock is let go
  std::lock_guard lock(mutex_);
  life_ = is_disabled ? Life::Closed : Life::Unreachable;
  for (auto& memory : quarantined_) {
    if (!is_disabled) quarantine_forever(memory);
    released.push_back(std::move(memory));
  }
  quarantined_.clear();
  admin_.reset();
  ownership_ = {};
  return result;
}

void Controller::quarantine(std::shared_ptr<DmaDescriptor> memory) {
  std::lock_guard lock(mutex_);
  if (life_ == Life::Closed) return;
  if (life_ == Life::Unreachable) return quarantine_forever(std::move(memory));
  quarantined_.push_back(std::move(memory));
}

}  // namespace nvm

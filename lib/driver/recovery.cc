// SPDX-License-Identifier: MIT
// What a controller does when a command does not complete: abort it, or reset everything. When
// which of the two is due is for the owner of the queue to say (docs/architecture.md).
#include "driver/controller.h"
#include "driver/reset.h"
#include "spec/nvme.h"

namespace nvm {

Result<bool> Controller::abort(uint16_t queue_id, uint16_t command_id, uint64_t timeout_ns) {
  NVM_TRY(refuse_if_inherited());
  NVM_TRY(check_enabled(*transport_));
  auto queue = working_admin_path();
  if (!queue.ok()) return std::move(queue.status());
  return queue.value()->abort(queue_id, command_id, timeout_ns);
}

uint32_t Controller::epoch() {
  std::lock_guard lock(mutex_);
  return epoch_;
}

Status Controller::reset(uint32_t epoch, uint64_t timeout_ns) {
  return reset(epoch, Scope::Controller, timeout_ns);
}

Status Controller::reset_subsystem(uint64_t timeout_ns) {
  if (spec::cap::nssrs.get(transport_->read_register64(spec::registers::cap)) == 0) {
    return Status(ErrorCode::Unsupported,
                  transport_->capabilities().address + " has no NVM subsystem reset (CAP.NSSRS)");
  }
  return reset(epoch(), Scope::Subsystem, timeout_ns);
}

Status Controller::reset(uint32_t epoch, Scope scope, uint64_t timeout_ns) {
  if (timeout_ns == 0) timeout_ns = admin_timeout_ns();
  NVM_TRY(refuse_if_inherited());
  std::vector<std::shared_ptr<QueuePair>> lost;  // let go after the locks, which closing them takes
  std::unique_lock reset_lock(reset_mutex_);
  std::shared_ptr<Admin> queue;
  {
    std::lock_guard lock(mutex_);
    if (life_ != Life::Open) return closed_status();
    if (broken_.has_value()) return *broken_;
    if (epoch != epoch_) return {};
    if (admin_ == nullptr) return Status(ErrorCode::NoAdmin, transport_->capabilities().address);
    queue = admin_;
  }
  Status status = restart(*queue, scope, timeout_ns, lost);
  // Of a manager in another process nothing was stopped by asking.
  if (!status.ok() && transport_->manager() != nullptr) return status;
  {
    std::lock_guard lock(mutex_);
    epoch_++;
    if (!status.ok() && !outlives(status.failure())) broken_ = status.failure();
  }
  if (status.ok()) {
    events_.restore(timeout_ns);
  } else {
    events_.notify_of_failure();
  }
  return status;
}

Status Controller::restart(Admin& admin, Scope scope, uint64_t timeout_ns,
                           std::vector<std::shared_ptr<QueuePair>>& lost) {
  // One that is gone cannot be reset, and what it may reach is not known to be free.
  Status health = check_health(*transport_);
  if (!health.ok() && health.failure().code != ErrorCode::ControllerFatal) return health;
  NVM_TRY(admin.stop());
  if (scope == Scope::Subsystem) NVM_TRY(nvm::reset_subsystem(*transport_, waiter_));
  lose_queue_pairs(ErrorCode::QueueLost, lost);
  NVM_TRY(admin.start());
  auto granted = grant_queues(admin, timeout_ns);
  return granted.ok() ? Status() : std::move(granted.status());
}

void Controller::lose_queues(ErrorCode why) {
  std::vector<std::shared_ptr<QueuePair>> lost;  // let go after the locks, which closing them takes
  {
    std::unique_lock reset_lock(reset_mutex_);
    lose_queue_pairs(why, lost);
    std::lock_guard lock(mutex_);
    epoch_++;
  }
}

// The device has no queues and reaches no memory.
void Controller::lose_queue_pairs(ErrorCode why, std::vector<std::shared_ptr<QueuePair>>& lost) {
  std::vector<std::shared_ptr<DmaDescriptor>> released;  // unmapped after the lock is let go
  std::lock_guard lock(mutex_);
  for (const auto& each : queue_pairs_) {
    if (auto pair = lost.emplace_back(each.lock())) pair->lose(why);
  }
  for (const QueueNumber& number : withheld_) queue_numbers_->give_back(number);
  withheld_.clear();
  released.swap(quarantined_);
}

}  // namespace nvm

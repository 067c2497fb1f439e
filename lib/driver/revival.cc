// SPDX-License-Identifier: MIT
// What the owner of a controller's admin queues does when the device goes, and when another one
// comes in its place: a process that serves a controller over vfio-user was started again.
#include "driver/controller.h"
#include "platform/clock.h"

namespace nvm {
namespace {

constexpr size_t kPageSize = 4096;
// The transport waits for less, and then awaits no device any more.
constexpr uint64_t kAwaitedNsMax = 1ull << 62;

}  // namespace

void Controller::follow_device() {
  transport_->on_queues_lost([this](ErrorCode why) { lose_device(why); });
  transport_->on_device_back([this] { return revive(); });
}

// Only of its own: other references have the same transport.
void Controller::leave_device() {
  if (!has_admin()) return;
  transport_->on_queues_lost({});
  transport_->on_device_back({});
}

// A manager in another process is asked, and waited for, by the transport.
bool Controller::awaits_device() {
  return transport_->manager() == nullptr && transport_->awaits_manager();
}

bool Controller::outlives(const Failure& failure) {
  const ErrorCode went =
      transport_->manager() != nullptr ? ErrorCode::ManagerGone : ErrorCode::ControllerGone;
  return failure.code == went && transport_->has_next();
}

// Before any lock that lose_device() or revive() takes.
void Controller::await_device() {
  if (!awaits_device()) return;
  wait_until(waiter_, kAwaitedNsMax, [&] { return !awaits_device(); });
}

// The device uses no memory of ours any more that anybody uses for something else.
void Controller::lose_device(ErrorCode why) {
  lose_queues(why);
  std::shared_ptr<AdminQueue> admin;
  {
    std::lock_guard lock(mutex_);
    admin = ownership_.admin;
  }
  if (admin != nullptr) admin->lose();
}

Status Controller::learn_data_identity(Admin& admin) {
  auto page = allocate(kPageSize);
  if (!page.ok()) return std::move(page.status());
  auto identity = identify_data(admin, page.value(), admin_timeout_ns());
  if (!identity.ok()) return std::move(identity.status());
  std::lock_guard lock(mutex_);
  data_identity_ = std::move(identity.value());
  return {};
}

// What it was is not expected any more.
void Controller::note_namespace_change(uint32_t namespace_id) {
  constexpr uint32_t kAll = 0xffffffff;
  if (!transport_->capabilities().comes_back) return;
  std::lock_guard lock(mutex_);
  std::erase_if(data_identity_.namespaces, [&](const auto& each) {
    return namespace_id == kAll || namespace_id == each.first;
  });
}

// The admin queues are others, so that nobody who has waited for those of before sends a command
// before it is known what is behind these.
Status Controller::revive() {
  std::unique_lock reset_lock(reset_mutex_);
  const std::string address = transport_->capabilities().address;
  DataIdentity before;
  {
    std::lock_guard lock(mutex_);
    before = data_identity_;
    if (life_ != Life::Open) return closed_status();
    if (queue_numbers_ == nullptr) return Status(ErrorCode::ControllerGone, address);
  }
  auto claimed = claim_admin_queue();
  if (!claimed.ok()) return std::move(claimed.status());
  AdminQueue& admin = *claimed.value();
  NVM_TRY(admin.start());
  auto page = allocate(kPageSize);
  if (!page.ok()) return std::move(page.status());
  auto identity = identify_data(admin, page.value(), admin_timeout_ns());
  if (!identity.ok()) return std::move(identity.status());
  if (const auto lost = find_lost_data(before, identity.value())) {
    return Status(ErrorCode::DataLost,
                  "what was served at " + address + "; there is " + *lost + " now");
  }
  auto limits = identify_limits(admin, page.value(), admin_timeout_ns());
  if (!limits.ok()) return std::move(limits.status());
  auto granted = grant_queues(admin, admin_timeout_ns());
  if (!granted.ok()) return std::move(granted.status());
  if (limits.value().transfer_bytes_max < limits_.transfer_bytes_max ||
      limits.value().takes_sgls < limits_.takes_sgls ||
      granted.value() < limits_.io_queue_pairs_max) {
    return Status(ErrorCode::ControllerGone,
                  "another controller is served at " + address + " since: its limits changed");
  }
  {
    std::lock_guard lock(mutex_);
    ownership_.admin = std::move(claimed.value());
    admin_ = ownership_.admin;
  }
  events_.restore(admin_timeout_ns());
  return {};
}

}  // namespace nvm

// SPDX-License-Identifier: MIT
// What becomes of the device when its server goes, and of a next server that comes in its place.
#include <algorithm>

#include "platform/clock.h"
#include "spec/nvme.h"
#include "transport/vfio_user_transport.h"

namespace nvm {
namespace {

// How often a server that is awaited is looked for.
constexpr int kAttemptEveryMs = 10;

}  // namespace

bool VfioUserTransport::awaits_manager() {
  return has_next() && (away_.load() || device()->client().is_gone());
}

bool VfioUserTransport::has_next() {
  if (!capabilities_.comes_back || stopped_.load()) return false;
  if (away_.load()) return true;  // until it is known why none was taken
  std::shared_ptr<VfioUserDevice> device;
  {
    std::lock_guard lock(device_mutex_);
    if (gave_up_) return false;
    device = device_;
  }
  return !device->client().is_gone() || device->client().has_closed();
}

void VfioUserTransport::on_queues_lost(std::function<void(ErrorCode why)> lost) {
  std::lock_guard lock(callback_mutex_);
  lost_ = std::move(lost);
}

void VfioUserTransport::on_device_back(std::function<Status()> revive) {
  std::lock_guard lock(callback_mutex_);
  revive_ = std::move(revive);
}

// Whoever waits for the server fails before queues are marked as lost: nobody who holds that up
// waits for what comes after it.
void VfioUserTransport::lose_server() {
  vfio_user::Client& client = device()->client();
  client.hang_up("closed the connection");
  if (!capabilities_.comes_back) registers_->end();
  if (capabilities_.comes_back && !stopped_.load() && client.has_closed()) away_.store(true);
  std::lock_guard lock(callback_mutex_);
  if (lost_) lost_(ErrorCode::ControllerGone);
}

int VfioUserTransport::find_next(DeviceEvents& events) {
  if (!away_.load()) return -1;
  Status found = await_next(events);
  if (!found.ok()) {
    std::lock_guard lock(device_mutex_);
    gave_up_ = found.failure();
  }
  away_.store(false);
  if (found.ok()) return device()->client().socket();
  events.note_none();
  return -1;
}

// Looks for another server until one was taken, or time is up, or that makes no sense any more.
Status VfioUserTransport::await_next(DeviceEvents& events) {
  const uint64_t deadline_ns = monotonic_clock().now_ns() + waiting_.reconnect_ns;
  for (;;) {
    bool final = false;
    Status found = attempt(events, final);
    if (found.ok() || final) return found;
    if (monotonic_clock().now_ns() >= deadline_ns) {
      return Status(ErrorCode::ControllerGone,
                    "nobody else served it at " + path_ + " within " +
                        std::to_string(waiting_.reconnect_ns / kNanosecondsPerMillisecond) +
                        " ms; the last attempt: " + found.failure().detail);
    }
    if (!events.pause(kAttemptEveryMs) || stopped_.load()) {
      return Status(ErrorCode::ControllerGone, path_);
    }
  }
}

// `final`: no other attempt shall be made.
Status VfioUserTransport::attempt(DeviceEvents& events, bool& final) {
  auto opened = VfioUserDevice::open(path_, waiting_.reply_timeout_ms, &stopped_);
  if (!opened.ok()) {
    final = opened.status().failure().code == ErrorCode::Unsupported;
    return std::move(opened.status());
  }
  const std::shared_ptr<VfioUserDevice> next = std::move(opened.value());
  Status accepted = accept(*next);
  if (!accepted.ok()) {
    final = !next->client().is_gone();
    return accepted;
  }
  Status taken = attach(next, events);
  const bool is_attached = taken.ok();
  if (is_attached) taken = revive();
  if (taken.ok()) {
    next->client().use();
    later_servers_++;
    events.note_next();
    return {};
  }
  // One that is late has memory, as had the first; one that refuses some may take it another time.
  final = next->client().is_gone() ? !next->client().has_closed() : is_attached;
  next->client().hang_up("serves another controller");
  return taken;
}

// Whether who relies on the controller of before can go on with this one.
Status VfioUserTransport::accept(VfioUserDevice& next) {
  const char* difference = nullptr;
  const uint64_t cap = next.read_register(spec::registers::cap, sizeof(uint64_t));
  const auto& area = next.doorbell_area();
  if (mapped_ != nullptr && (!area || area->byte_length != mapped_->byte_length())) {
    difference = "its doorbells";
  }
  const bool wakes = next.vector_count() != 0;
  if (wakes != capabilities_.wakes ||
      std::max<uint16_t>(next.vector_count(), 1) < capabilities_.vectors) {
    difference = "its interrupts";
  }
  if (cap != controller_capabilities_) difference = "its registers";
  if (difference == nullptr) return {};
  return Status(ErrorCode::ControllerGone,
                "another controller is served at " + path_ + " since: " + difference + " changed");
}

// Gives it everything that the one before had, and makes it the one that is asked.
Status VfioUserTransport::attach(const std::shared_ptr<VfioUserDevice>& next,
                                 DeviceEvents& events) {
  std::lock_guard lock(mutex_);
  for (const auto& [address, region] : regions_) {
    NVM_TRY(next->map(address, region.byte_length, region.fd, region.file_offset));
  }
  for (const auto& [vector, eventfd] : events.eventfds()) {
    NVM_TRY(next->connect_vector(vector, eventfd));
  }
  if (mapped_ != nullptr) {
    const auto& area = *next->doorbell_area();
    NVM_TRY(mapped_->replace(area.fd, area.file_offset));
  }
  std::lock_guard device_lock(device_mutex_);
  device_ = next;
  return {};
}

Status VfioUserTransport::revive() {
  if (trapped_ != nullptr) trapped_->clear_all();
  std::lock_guard lock(callback_mutex_);
  return revive_ ? revive_() : Status();
}

}  // namespace nvm

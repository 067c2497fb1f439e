// SPDX-License-Identifier: MIT
#include "driver/controller_events.h"

#include <algorithm>
#include <cstring>

#include "driver/admin.h"
#include "driver/controller.h"
#include "driver/remote_manager.h"
#include "platform/wake.h"

namespace nvm {

namespace {

constexpr uint32_t kRequestsMax = 4;  // outstanding at once; there are few types of events
constexpr size_t kLogBytes = 512;     // of pages that have no other length below
constexpr uint16_t kEventVector = 0;  // that of the admin completion queue
constexpr uint32_t kVersion14 = 0x00010400;

// Which critical warnings and notices a controller can report.
uint32_t events_offered(const ControllerLimits& limits, uint32_t version) {
  namespace warning = spec::critical_warning;
  const uint32_t pmr = version >= kVersion14 ? warning::pmr.mask : 0;
  const uint32_t smart = warning::available_spare.mask | warning::temperature.mask |
                         warning::reliability.mask | warning::read_only.mask |
                         warning::volatile_memory_backup.mask | pmr;
  return smart | limits.optional_events;  // the notices have the same bits in OAES and the feature
}

// How much of a log page an event brings; 0: the consumer reads it, as reading releases its data.
size_t log_bytes(uint8_t id) {
  switch (id) {
    case 0:
    case spec::log_page::telemetry_controller_initiated:
      return 0;
    case spec::log_page::error_information:
      return sizeof(spec::ErrorLogEntry);
    case spec::log_page::changed_namespace_list:
      return sizeof(spec::NamespaceList);
    default:
      return kLogBytes;
  }
}

}  // namespace

bool changes_namespaces(const spec::SubmissionQueueEntry& command) {
  // One that was created is attached to nothing yet.
  const uint32_t select = spec::namespace_management_cdw10::sel.get(command.cdw10);
  return command.opc == spec::admin_opcode::format_nvm ||
         command.opc == spec::admin_opcode::namespace_attachment ||
         (command.opc == spec::admin_opcode::namespace_management &&
          select != spec::namespace_management_select::create);
}

Result<std::shared_ptr<EventWatcher>> ControllerEvents::watch(int fd, uint64_t timeout_ns) {
  if (timeout_ns == 0) timeout_ns = controller_.admin_timeout_ns();
  std::lock_guard reading(reading_mutex_);
  auto queue = controller_.working_admin_path();
  if (!queue.ok()) return std::move(queue.status());
  NVM_TRY(remote() != nullptr ? remote()->watch() : configure(timeout_ns));
  auto watcher = std::make_shared<EventWatcher>(fd, timeout_ns);
  std::lock_guard lock(mutex_);
  watchers_.push_back(watcher);
  bind();
  if (remote() != nullptr) return watcher;
  // The queues may be others meanwhile: restore() asks for what it finds here, then or now.
  auto now = controller_.admin_path();
  if (now == nullptr) now = queue.value();
  const uint32_t kept = now->keep_event_requests(request_count());
  if (kept != 0) return watcher;
  watchers_.pop_back();
  bind();
  return Status(ErrorCode::Unsupported,
                "the admin queue is too short for Asynchronous Event Requests");
}

uint32_t ControllerEvents::request_count() const {
  return std::min(kRequestsMax, controller_.limits().event_requests_max);
}

// Null: events come from our own admin queue.
RemoteEvents* ControllerEvents::remote() {
  const RemoteManager* manager = controller_.transport().manager();
  return manager == nullptr ? nullptr : manager->events.get();
}

// Adds what the controller offers to what is enabled.
Status ControllerEvents::configure(uint64_t timeout_ns) {
  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::get_features;
  command.cdw10 = spec::feature::asynchronous_event_configuration;
  auto current = controller_.admin(command, timeout_ns);
  if (!current.ok()) return std::move(current.status());
  NVM_TRY(Status::from_nvme(current.value().status_field));
  const uint32_t configuration =
      current.value().dword0 | events_offered(controller_.limits(), controller_.properties().vs);
  command.opc = spec::admin_opcode::set_features;
  command.cdw11 = configuration;
  auto set = controller_.admin(command, timeout_ns);
  if (!set.ok()) return std::move(set.status());
  NVM_TRY(Status::from_nvme(set.value().status_field));
  std::lock_guard lock(mutex_);
  configuration_ = configuration;
  lost_.reset();
  return {};
}

// The device wakes one watcher, who wakes the others. With `mutex_` held.
void ControllerEvents::bind() {
  const auto awake = std::find_if(watchers_.begin(), watchers_.end(),
                                  [](const auto& each) { return each->fd_ >= 0; });
  const int fd = awake == watchers_.end() ? -1 : (*awake)->fd_;
  if (fd == bound_fd_) return;
  bound_fd_ = fd;
  const WakeTarget target = fd < 0 ? WakeTarget{} : WakeTarget{&armed_, fd};
  if (remote() != nullptr) {
    device_wakes_ = fd >= 0;
    (void)remote()->look(target);
    return;
  }
  const Capabilities& capabilities = controller_.transport().capabilities();
  // With a single vector that one announces the completions of a queue.
  if (capabilities.wakes && capabilities.vectors > 1) {
    device_wakes_ = controller_.transport().bind_wake(kEventVector, target).ok() && fd >= 0;
  }
  // Before the old fd goes, nobody writes to it any more.
  if (auto queue = controller_.admin_path()) (void)queue->look_for_events(target);
}

void ControllerEvents::unwatch(const std::shared_ptr<EventWatcher>& watcher) {
  std::lock_guard lock(mutex_);
  std::erase(watchers_, watcher);
  bind();
  notify_watchers();  // one of them is woken from now on, and must look to arm that
  if (!watchers_.empty() || remote() != nullptr) return;
  if (auto queue = controller_.admin_path()) queue->keep_event_requests(0);
}

bool ControllerEvents::wakes() {
  std::lock_guard lock(mutex_);
  return device_wakes_;
}

bool ControllerEvents::look(EventWatcher& watcher) {
  std::lock_guard lock(mutex_);
  if (!watcher.events_.empty() || lost_.has_value()) return true;
  if (controller_.awaits_device()) {
    // The end of that wakes who looked meanwhile.
    armed_.store(1, std::memory_order_seq_cst);
    if (controller_.awaits_device()) return false;
  }
  auto queue = controller_.working_admin_path();
  if (!queue.ok()) return true;
  const WakeTarget target = bound_fd_ < 0 ? WakeTarget{} : WakeTarget{&armed_, bound_fd_};
  if (remote() != nullptr) return remote()->look(target);
  return queue.value()->look_for_events(target);
}

Result<ControllerEvents::Taken> ControllerEvents::take(EventWatcher& watcher) {
  auto queue = controller_.working_admin_path();
  Status status =
      queue.ok() ? collect(*queue.value(), watcher.timeout_ns_) : std::move(queue.status());
  if (!status.ok() && controller_.outlives(status.failure())) status = {};
  std::lock_guard lock(mutex_);
  if (status.ok() && lost_.has_value()) status = *lost_;
  if (!status.ok() && watcher.events_.empty()) return status;
  Taken taken;
  taken.events.assign(std::make_move_iterator(watcher.events_.begin()),
                      std::make_move_iterator(watcher.events_.end()));
  taken.dropped = watcher.dropped_;
  watcher.events_.clear();
  return taken;
}

// Hands what completed requests to every watcher.
Status ControllerEvents::collect(Admin& queue, uint64_t timeout_ns) {
  std::lock_guard reading(reading_mutex_);
  {
    std::lock_guard lock(mutex_);
    if (watchers_.empty()) return {};
  }
  bool any = false;
  if (remote() != nullptr) {
    auto taken = remote()->take();
    if (!taken.ok()) return std::move(taken.status());
    for (const AsyncEvent& event : taken.value()) hand_out(event);
    any = !taken.value().empty();
    const uint64_t dropped = remote()->dropped();
    std::lock_guard lock(mutex_);
    for (const auto& watcher : watchers_) watcher->dropped_ += dropped - remote_dropped_;
    remote_dropped_ = dropped;
  } else {
    auto taken = queue.take_events();
    if (!taken.ok()) return std::move(taken.status());
    for (const uint32_t dword0 : taken.value()) hand_out(read(dword0, timeout_ns));
    any = !taken.value().empty();
  }
  std::lock_guard lock(mutex_);
  if (any) notify_watchers();
  return {};
}

void ControllerEvents::report_namespace_change(uint32_t namespace_id) {
  AsyncEvent event;
  event.dword0 =
      spec::async_event_dw0::aet.put(spec::async_event_type::notice) |
      spec::async_event_dw0::aei.put(spec::async_event_notice::namespace_attribute_changed) |
      spec::async_event_dw0::lid.put(spec::log_page::changed_namespace_list);
  event.log.resize(sizeof(spec::NamespaceList));
  std::memcpy(event.log.data(), &namespace_id, sizeof namespace_id);
  hand_out(event);
  std::lock_guard lock(mutex_);
  notify_watchers();
}

void ControllerEvents::hand_out(const AsyncEvent& event) {
  std::lock_guard lock(mutex_);
  for (const auto& watcher : watchers_) {
    if (watcher->events_.size() == kUntakenEventsMax) {
      watcher->events_.pop_front();
      watcher->dropped_++;
    }
    watcher->events_.push_back(event);
  }
}

AsyncEvent ControllerEvents::read(uint32_t dword0, uint64_t timeout_ns) {
  AsyncEvent event;
  event.dword0 = dword0;
  const auto id = static_cast<uint8_t>(spec::async_event_dw0::lid.get(dword0));
  const size_t byte_length = log_bytes(id);
  if (byte_length == 0) return event;
  auto log = read_log_page(id, byte_length, timeout_ns);
  if (id == spec::log_page::changed_namespace_list) count_changes(log);
  if (log.ok()) {
    event.log = std::move(log.value());
  } else {
    event.failure = log.status().failure();
  }
  return event;
}

// What of namespaces another controller has changed.
void ControllerEvents::count_changes(const Result<std::vector<std::byte>>& log) {
  Transport& transport = controller_.transport();
  if (!log.ok()) return transport.count_namespace_change(kAllNamespaces);
  for (size_t at = 0; at < log.value().size(); at += sizeof(uint32_t)) {
    uint32_t namespace_id;
    std::memcpy(&namespace_id, &log.value()[at], sizeof namespace_id);
    if (namespace_id == 0) return;
    transport.count_namespace_change(namespace_id);
  }
}

// Without Retain Asynchronous Event: the controller may report the next one.
Result<std::vector<std::byte>> ControllerEvents::read_log_page(uint8_t id, size_t byte_length,
                                                               uint64_t timeout_ns) {
  auto page = controller_.allocate(controller_.properties().page_size);
  if (!page.ok()) return std::move(page.status());
  const uint32_t dwords = static_cast<uint32_t>(byte_length / sizeof(uint32_t));
  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::get_log_page;
  command.nsid = 0xffffffff;
  command.prp1 = page.value()->io_address(0);
  command.cdw10 =
      spec::get_log_page_cdw10::lid.put(id) | spec::get_log_page_cdw10::numdl.put(dwords - 1);
  auto completion = controller_.admin_or_abort(command, timeout_ns, page.value());
  if (!completion.ok()) return std::move(completion.status());
  NVM_TRY(Status::from_nvme(completion.value().status_field));
  std::vector<std::byte> bytes(byte_length);
  std::memcpy(bytes.data(), page.value()->bytes(), byte_length);
  return bytes;
}

// With `mutex_` held.
void ControllerEvents::notify_watchers() {
  for (const auto& watcher : watchers_) {
    if (watcher->fd_ < 0) continue;
    std::atomic<uint32_t> once = 1;
    wake({&once, watcher->fd_});
  }
}

void ControllerEvents::restore(uint64_t timeout_ns) {
  std::optional<uint32_t> configuration;
  {
    std::lock_guard lock(mutex_);
    configuration = configuration_;
  }
  if (!configuration.has_value()) return;
  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::set_features;
  command.cdw10 = spec::feature::asynchronous_event_configuration;
  command.cdw11 = *configuration;
  auto set = controller_.admin(command, timeout_ns);
  Status status = set.ok() ? Status::from_nvme(set.value().status_field) : std::move(set.status());
  std::lock_guard lock(mutex_);
  if (!status.ok()) lost_ = status.failure();
  // The admin queues may be others, of which nobody has asked for any.
  auto queue = controller_.admin_path();
  if (queue != nullptr && !watchers_.empty()) queue->keep_event_requests(request_count());
  notify_watchers();
}

void ControllerEvents::notify_of_failure() {
  std::lock_guard lock(mutex_);
  notify_watchers();
}

}  // namespace nvm

// SPDX-License-Identifier: MIT
#include "transport/vfio_user_transport.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "memory/io_address_space.h"
#include "platform/clock.h"
#include "platform/process_mark.h"
#include "spec/nvme.h"
#include "transport/device_events.h"
#include "transport/dma_pool.h"
#include "transport/mapped_doorbells.h"
#include "transport/trapped_doorbells.h"
#include "transport/vfio_user_device.h"

namespace nvm {
namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr uint64_t kHugePageBytes = 2u << 20;
constexpr uint32_t kDoorbellOffset = 0x1000;  // NVMe over PCIe transport 1.0, 3.1.2
// As the emulator's: above 4 GiB, so that an offset or a truncated address hits nothing.
constexpr IoRange kAperture{0x1'0000'0000, 1ull << 46};

// How often a server that is awaited is looked for.
constexpr int kAttemptEveryMs = 10;

struct Waiting {
  uint32_t reply_timeout_ms;
  uint64_t reconnect_ns;
};

class VfioUserTransport final : public Transport {
 public:
  VfioUserTransport(std::shared_ptr<VfioUserDevice> device, const std::string& path,
                    Waiting waiting);
  ~VfioUserTransport() override;
  // What needs a message, before anybody has this transport.
  Status start();

  const Capabilities& capabilities() const override { return capabilities_; }
  uint32_t read_register32(uint32_t offset) override {
    return static_cast<uint32_t>(read_register(offset, sizeof(uint32_t)));
  }
  uint64_t read_register64(uint32_t offset) override {
    return read_register(offset, sizeof(uint64_t));
  }
  void write_register32(uint32_t offset, uint32_t value) override;
  void write_register64(uint32_t offset, uint64_t value) override {
    device()->write_register(offset, value, sizeof value);
  }
  Status gone() override;
  Doorbells doorbells() override;
  void ring_wake() override;
  void clear_doorbell(uint16_t queue_id, bool completion) override;
  std::optional<ShadowPages> shadow_pages() override;
  void use_shadow_pages() override { trapped_->use_shadow(); }
  volatile void* bar() override { return nullptr; }  // the registers are no memory
  size_t bar_byte_length() override { return 0; }
  Result<std::shared_ptr<Buffer>> allocate(size_t byte_length) override {
    return pool_.allocate(byte_length);
  }
  Result<Mapping> map(const Buffer& buffer) override;
  Status unmap(const Mapping& mapping) override;
  Status bind_wake(uint16_t vector, const WakeTarget& target) override;
  Status reset() override;
  bool is_gone() override { return is_away() && !awaits_manager(); }
  void on_queues_lost(std::function<void(ErrorCode why)> lost) override;
  void on_device_back(std::function<Status()> revive) override;
  bool awaits_manager() override;
  uint32_t later_managers() override { return later_servers_.load(); }
  void stop_waiting() override { stopped_.store(true); }
  void resume_waiting() override { stopped_.store(false); }

 private:
  // What the server was given of a file.
  struct Region {
    uint64_t byte_length;
    int fd;  // the buffer's, which outlives this
    uint64_t file_offset;
  };

  std::shared_ptr<VfioUserDevice> device();
  bool is_away();
  uint64_t read_register(uint32_t offset, uint32_t byte_length);
  Result<uint64_t> map_file(const Buffer& buffer);
  void send_rings(const std::vector<TrappedDoorbells::Ring>& rings);
  bool map_doorbells();
  void lose_server();
  int find_next(DeviceEvents& events);
  Status await_next(DeviceEvents& events);
  Status attempt(DeviceEvents& events, bool& final);
  Status accept(VfioUserDevice& next);
  Status attach(const std::shared_ptr<VfioUserDevice>& next, DeviceEvents& events);
  Status revive();

  Capabilities capabilities_;
  const std::string path_;
  const Waiting waiting_;
  uint64_t controller_capabilities_ = 0;  // the register CAP
  std::atomic<bool> away_{false};         // there is no server that anybody should ask
  std::atomic<bool> stopped_{false};
  std::atomic<uint32_t> later_servers_{0};

  std::mutex device_mutex_;  // guards what follows
  std::shared_ptr<VfioUserDevice> device_;
  std::optional<Failure> gave_up_;  // another server was awaited: why none came

  std::mutex callback_mutex_;  // guards what follows; held while one of them is called
  std::function<void(ErrorCode why)> lost_;
  std::function<Status()> revive_;

  std::mutex mutex_;  // guards what follows, and what the server has been given of it
  IoAddressSpace io_addresses_;
  std::map<uint64_t, Region> regions_;  // by I/O address

  DmaPool pool_;
  uint32_t stride_bytes_ = 0;
  std::atomic<uint32_t> always_rung_{1};     // doorbells need a call each time
  std::unique_ptr<MappedDoorbells> mapped_;  // one of the two
  std::unique_ptr<TrappedDoorbells> trapped_;
  uint64_t shadow_address_ = 0;
  std::unique_ptr<DeviceEvents> events_;  // last: its thread uses the others
};

VfioUserTransport::VfioUserTransport(std::shared_ptr<VfioUserDevice> device,
                                     const std::string& path, Waiting waiting)
    : path_(path),
      waiting_(waiting),
      device_(std::move(device)),
      io_addresses_({kAperture}),
      pool_([this](const Buffer& region) { return map_file(region); }) {
  capabilities_.emulated = true;
  capabilities_.foreign_memory = false;
  capabilities_.wakes = device_->vector_count() != 0;
  capabilities_.vectors = std::max<uint16_t>(device_->vector_count(), 1);
  capabilities_.comes_back = waiting.reconnect_ns != 0;
  capabilities_.name = "vfio-user";
  capabilities_.address = path;
}

VfioUserTransport::~VfioUserTransport() {
  stop_waiting();
  events_.reset();
}

std::shared_ptr<VfioUserDevice> VfioUserTransport::device() {
  std::lock_guard lock(device_mutex_);
  return device_;
}

Status VfioUserTransport::gone() {
  std::lock_guard lock(device_mutex_);
  if (gave_up_) return *gave_up_;
  return device_->client().is_gone() ? device_->client().gone_status() : Transport::gone();
}

Status VfioUserTransport::start() {
  const auto device = this->device();
  const uint64_t cap = device->read_register(spec::registers::cap, sizeof(uint64_t));
  if (device->client().is_gone()) return device->client().gone_status();
  controller_capabilities_ = cap;
  stride_bytes_ = 4u << spec::cap::dstrd.get(cap);
  if (stride_bytes_ > TrappedDoorbells::kPageBytes / 4) {
    return Status(ErrorCode::Unsupported, capabilities_.address + ": its doorbells are " +
                                              std::to_string(stride_bytes_) + " bytes apart");
  }
  if (!map_doorbells()) {
    auto pages = pool_.allocate(2 * kPageBytes);
    if (!pages.ok()) return std::move(pages.status());
    shadow_address_ = *pool_.find(*pages.value());
    trapped_ = std::make_unique<TrappedDoorbells>(
        std::move(pages.value()), stride_bytes_,
        [this](const std::vector<TrappedDoorbells::Ring>& rings) { send_rings(rings); });
  }
  auto events = DeviceEvents::start(
      device->client().socket(), capabilities_.vectors,
      {[this] { lose_server(); }, [this](DeviceEvents& of_next) { return find_next(of_next); }});
  if (!events.ok()) return std::move(events.status());
  events_ = std::move(events.value());
  return {};
}

// False where doorbells are rung by messages instead: a server takes these in any case.
bool VfioUserTransport::map_doorbells() {
  const auto& area = device_->doorbell_area();
  if (!area) return false;
  auto mapped = MappedDoorbells::map(area->fd, area->file_offset, area->byte_length);
  if (mapped.ok()) mapped_ = std::move(mapped.value());
  return mapped.ok();
}

bool VfioUserTransport::is_away() {
  const auto device = this->device();
  if (mapped_ != nullptr && mapped_->vanished()) {
    device->client().hang_up("took its doorbells away");
  }
  return device->client().is_gone();
}

bool VfioUserTransport::awaits_manager() {
  if (!capabilities_.comes_back || stopped_.load()) return false;
  if (away_.load()) return true;
  const auto device = this->device();
  if (!device->client().is_gone() || !device->client().has_closed()) return false;
  std::lock_guard lock(device_mutex_);
  return !gave_up_;
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
  if (!capabilities_.comes_back || stopped_.load() || !client.has_closed()) return;
  away_.store(true);
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

uint64_t VfioUserTransport::read_register(uint32_t offset, uint32_t byte_length) {
  return is_away() ? UINT64_MAX : device()->read_register(offset, byte_length);
}

void VfioUserTransport::write_register32(uint32_t offset, uint32_t value) {
  device()->write_register(offset, value, sizeof value);
  const bool disables = offset == spec::registers::cc && spec::cc::en.get(value) == 0;
  if (disables && trapped_ != nullptr) trapped_->clear_all();
}

Doorbells VfioUserTransport::doorbells() {
  Doorbells doorbells;
  doorbells.stride_bytes = stride_bytes_;
  if (mapped_ != nullptr) {
    doorbells.base = mapped_->words();
    doorbells.byte_length = mapped_->byte_length();
  } else {
    doorbells.base = trapped_->words();
    doorbells.byte_length = TrappedDoorbells::kPageBytes;
    doorbells.sleeping = &always_rung_;
  }
  return doorbells;
}

void VfioUserTransport::ring_wake() {
  if (trapped_ != nullptr) trapped_->ring();
}

void VfioUserTransport::clear_doorbell(uint16_t queue_id, bool completion) {
  if (trapped_ != nullptr) trapped_->clear(2u * queue_id + (completion ? 1 : 0));
}

std::optional<ShadowPages> VfioUserTransport::shadow_pages() {
  if (trapped_ == nullptr) return {};
  return ShadowPages{shadow_address_, shadow_address_ + kPageBytes};
}

void VfioUserTransport::send_rings(const std::vector<TrappedDoorbells::Ring>& rings) {
  vfio_user::Message all;
  for (const auto& ring : rings) {
    const vfio_user::RegionAccessBody body{kDoorbellOffset + ring.offset, 0, sizeof ring.value};
    const auto message = vfio_user::make_command(
        vfio_user::CommandCode::RegionWrite, 0, vfio_user::header_flag::no_reply,
        {vfio_user::as_bytes_of(body), vfio_user::as_bytes_of(ring.value)});
    all.bytes.insert(all.bytes.end(), message.bytes.begin(), message.bytes.end());
  }
  device()->client().post(std::move(all));
}

// Gives the server a file, wholly, at addresses that we choose; one that is awaited, when it comes.
Result<uint64_t> VfioUserTransport::map_file(const Buffer& buffer) {
  const uint64_t byte_length = (buffer.byte_length() + kPageBytes - 1) / kPageBytes * kPageBytes;
  const uint64_t alignment = byte_length >= kHugePageBytes ? kHugePageBytes : kPageBytes;
  if (buffer.fd() < 0) {
    return Status(ErrorCode::Unsupported, "memory without a file descriptor cannot be given to " +
                                              capabilities_.address + "; use allocate()");
  }
  std::lock_guard lock(mutex_);
  const auto device = this->device();
  const uint64_t regions_max = device->client().capabilities().dma_maps_max;
  if (regions_.size() >= regions_max) {
    return Status(ErrorCode::Memory, capabilities_.address + " takes " +
                                         std::to_string(regions_max) + " regions of memory");
  }
  Result<uint64_t> first = io_addresses_.allocate(byte_length, alignment);
  if (!first.ok()) return first;
  Status mapped = device->map(first.value(), byte_length, buffer.fd(), buffer.fd_offset());
  if (!mapped.ok() && !(device->client().is_gone() && awaits_manager())) {
    io_addresses_.free(first.value());
    return mapped;
  }
  regions_[first.value()] = {byte_length, buffer.fd(), buffer.fd_offset()};
  return first;
}

Result<Mapping> VfioUserTransport::map(const Buffer& buffer) {
  constexpr uint64_t kOfPool = 1;
  if (is_gone()) return gone();
  const uint64_t byte_length = (buffer.byte_length() + kPageBytes - 1) / kPageBytes * kPageBytes;
  if (const auto address = pool_.find(buffer)) return Mapping{{{*address, byte_length}}, kOfPool};
  Result<uint64_t> first = map_file(buffer);
  if (!first.ok()) return std::move(first.status());
  return Mapping{{{first.value(), byte_length}}, 0};
}

// Of a server that is gone nothing needs to be taken back: what it has mapped are files, and those
// are not used for anything else when we have let go of them.
Status VfioUserTransport::unmap(const Mapping& mapping) {
  if (mapping.runs.size() != 1) return Status(ErrorCode::Argument, "not a mapping of this device");
  if (mapping.handle != 0) return {};
  const IoRun& run = mapping.runs[0];
  std::lock_guard lock(mutex_);
  if (!is_away()) {
    Status unmapped = device()->unmap(run.io_address, run.byte_length);
    if (!unmapped.ok() && !is_away()) return unmapped;
  }
  if (regions_.erase(run.io_address) != 0) io_addresses_.free(run.io_address);
  return {};
}

Status VfioUserTransport::bind_wake(uint16_t vector, const WakeTarget& target) {
  if (!capabilities_.wakes || vector >= capabilities_.vectors) {
    return Status(ErrorCode::Range, "interrupt vector " + std::to_string(vector) + " of " +
                                        std::to_string(device()->vector_count()));
  }
  std::lock_guard lock(mutex_);
  auto is_new = events_->bind(vector, target);
  if (!is_new.ok()) return std::move(is_new.status());
  if (!is_new.value() || is_away()) return {};
  return device()->connect_vector(vector, events_->eventfd_of(vector));
}

// A server that is gone may go on with what it has mapped, and reaches nothing else: see unmap().
Status VfioUserTransport::reset() {
  if (is_away()) return {};
  Status done = device()->reset();
  if (done.ok() && trapped_ != nullptr) trapped_->clear_all();
  return is_away() ? Status() : std::move(done);
}

}  // namespace

Result<std::unique_ptr<Transport>> open_vfio_user_transport(const std::string& path,
                                                            uint32_t reply_timeout_ms,
                                                            uint64_t reconnect_ns) {
  auto device = VfioUserDevice::open(path, reply_timeout_ms);
  if (!device.ok()) return std::move(device.status());
  auto transport = std::make_unique<VfioUserTransport>(std::move(device.value()), path,
                                                       Waiting{reply_timeout_ms, reconnect_ns});
  NVM_TRY(transport->start());
  return std::unique_ptr<Transport>(std::move(transport));
}

}  // namespace nvm

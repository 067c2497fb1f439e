// SPDX-License-Identifier: MIT
#include "transport/vfio_user_transport.h"

#include <algorithm>

#include "spec/nvme.h"
#include "transport/client_addresses.h"
#include "transport/direct_port.h"

namespace nvm {
namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr uint64_t kHugePageBytes = 2u << 20;
constexpr uint32_t kDoorbellOffset = 0x1000;  // NVMe over PCIe transport 1.0, 3.1.2
// As the emulator's: above 4 GiB, so that an offset or a truncated address hits nothing.
constexpr IoRange kAperture{0x1'0000'0000, 1ull << 46};
// How often the registers that clients look at are read anew.
constexpr uint32_t kRefreshEveryMs = 100;

}  // namespace

VfioUserTransport::VfioUserTransport(std::shared_ptr<VfioUserDevice> device,
                                     const std::string& path, Waiting waiting)
    : path_(path),
      waiting_(waiting),
      device_(std::move(device)),
      io_addresses_({kAperture}),
      pool_([this](const Buffer& region) { return map_file(region, {}); }) {
  capabilities_.emulated = true;
  capabilities_.foreign_memory = false;
  capabilities_.wakes = device_->vector_count() != 0;
  capabilities_.vectors = std::max<uint16_t>(device_->vector_count(), 1);
  capabilities_.comes_back = waiting.reconnect_ns != 0;
  capabilities_.maps_files = true;
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
    // Of a file of its own: it is what clients are given.
    auto pages = Buffer::allocate(2 * kPageBytes);
    if (!pages.ok()) return std::move(pages.status());
    auto shadow_address = map_file(*pages.value(), {});
    if (!shadow_address.ok()) return std::move(shadow_address.status());
    shadow_address_ = shadow_address.value();
    trapped_ = std::make_unique<TrappedDoorbells>(
        std::move(pages.value()), stride_bytes_,
        [this](const std::vector<TrappedDoorbells::Ring>& rings) { send_rings(rings); });
  }
  auto registers = SharedRegisters::make(doorbells().byte_length);
  if (!registers.ok()) return std::move(registers.status());
  registers_ = std::move(registers.value());
  auto events = DeviceEvents::start(
      device->client().socket(), capabilities_.vectors,
      {[this] { lose_server(); }, [this](DeviceEvents& of_next) { return find_next(of_next); },
       [this] { refresh_registers(); }});
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

uint64_t VfioUserTransport::read_register(uint32_t offset, uint32_t byte_length) {
  const uint64_t value = is_away() ? UINT64_MAX : device()->read_register(offset, byte_length);
  registers_->store(offset, value, byte_length);
  return value;
}

void VfioUserTransport::refresh_registers() {
  for (const uint32_t offset : {spec::registers::cc, spec::registers::csts}) {
    (void)read_register(offset, sizeof(uint32_t));
  }
}

void VfioUserTransport::write_register32(uint32_t offset, uint32_t value) {
  device()->write_register(offset, value, sizeof value);
  if (offset == spec::registers::cc) registers_->store(offset, value, sizeof value);
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

// With `mutex_` held.
Result<uint64_t> VfioUserTransport::take_addresses(uint64_t byte_length, const Place& place) {
  const uint64_t alignment = byte_length >= kHugePageBytes ? kHugePageBytes : kPageBytes;
  if (place.exactly == 0) return io_addresses_.allocate_above(place.above, byte_length, alignment);
  NVM_TRY(io_addresses_.allocate_at(place.exactly, byte_length));
  return place.exactly;
}

// Gives the server a file, wholly, at addresses that we choose; one that is awaited, when it comes.
Result<uint64_t> VfioUserTransport::map_file(const Buffer& buffer, const Place& place) {
  const uint64_t byte_length = (buffer.byte_length() + kPageBytes - 1) / kPageBytes * kPageBytes;
  if (buffer.fd() < 0) {
    return Status(ErrorCode::Unsupported, "memory without a file descriptor cannot be given to " +
                                              capabilities_.address +
                                              "; memory that is allocated for it can");
  }
  std::lock_guard lock(mutex_);
  const auto device = this->device();
  const uint64_t regions_max = device->client().capabilities().dma_maps_max;
  if (regions_.size() >= regions_max) {
    return Status(ErrorCode::Memory,
                  capabilities_.address + " takes " + std::to_string(regions_max) +
                      " regions of memory, for all processes that share it together");
  }
  Result<uint64_t> first = take_addresses(byte_length, place);
  if (!first.ok()) return first;
  Status mapped = device->map(first.value(), byte_length, buffer.fd(), buffer.fd_offset());
  if (!mapped.ok() && !(device->client().is_gone() && awaits_manager())) {
    io_addresses_.free(first.value());
    if (mapped.failure().code != ErrorCode::Os) return mapped;
    return Status(ErrorCode::Memory,
                  mapped.failure().detail + ", a region of memory beside " +
                      std::to_string(regions_.size()) + " of all processes that share it together",
                  mapped.failure().os_error);
  }
  const int kept_fd = capabilities_.comes_back ? buffer.fd() : -1;
  regions_[first.value()] = {byte_length, kept_fd, buffer.fd_offset()};
  return first;
}

Result<Mapping> VfioUserTransport::map_clients(const Buffer& buffer, uint64_t wanted) {
  if (is_gone()) return gone();
  auto first = map_file(buffer, {.exactly = wanted, .above = first_client_address()});
  if (!first.ok()) return std::move(first.status());
  return Mapping{{{first.value(), buffer.byte_length()}}, 0};
}

Result<Mapping> VfioUserTransport::map(const Buffer& buffer) {
  constexpr uint64_t kOfPool = 1;
  if (is_gone()) return gone();
  const uint64_t byte_length = (buffer.byte_length() + kPageBytes - 1) / kPageBytes * kPageBytes;
  if (const auto address = pool_.find(buffer)) return Mapping{{{*address, byte_length}}, kOfPool};
  Result<uint64_t> first = map_file(buffer, {});
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

Result<std::unique_ptr<ClientPort>> VfioUserTransport::open_port(const SharingPolicy& policy) {
  if (capabilities_.comes_back) {
    return Status(ErrorCode::Unsupported, capabilities_.address +
                                              " is shared by who opened it without `reconnect`: "
                                              "clients wait for the next manager themselves");
  }
  if (is_gone()) return gone();
  BarShare bar;
  if (mapped_ != nullptr) {
    const auto& area = *device()->doorbell_area();
    bar = registers_->share(area.fd.get(), area.file_offset, false);
  } else {
    bar = registers_->share(trapped_->pages().fd(), trapped_->pages().fd_offset(), true);
  }
  auto port = open_direct_port(
      *this, policy, bar,
      {[this](const Buffer& buffer, uint64_t wanted) { return map_clients(buffer, wanted); },
       [this] { release_port(); }});
  if (!port.ok()) return port;
  (void)read_register64(spec::registers::cap);
  (void)read_register32(spec::registers::vs);
  refresh_registers();
  std::lock_guard lock(mutex_);
  NVM_TRY(events_->set_tick(kRefreshEveryMs));
  ports_++;
  return port;
}

void VfioUserTransport::release_port() {
  std::lock_guard lock(mutex_);
  if (--ports_ == 0) (void)events_->set_tick(0);
}

// A server that is gone may go on with what it has mapped, and reaches nothing else: see unmap().
Status VfioUserTransport::reset() {
  if (is_away()) return {};
  Status done = device()->reset();
  if (done.ok() && trapped_ != nullptr) trapped_->clear_all();
  return is_away() ? Status() : std::move(done);
}

namespace {

Result<std::unique_ptr<Transport>> start_transport(Result<std::unique_ptr<VfioUserDevice>> device,
                                                   const std::string& path,
                                                   VfioUserTransport::Waiting waiting) {
  if (!device.ok()) return std::move(device.status());
  auto transport = std::make_unique<VfioUserTransport>(std::move(device.value()), path, waiting);
  NVM_TRY(transport->start());
  return std::unique_ptr<Transport>(std::move(transport));
}

}  // namespace

Result<std::unique_ptr<Transport>> open_vfio_user_transport(const std::string& path,
                                                            uint32_t reply_timeout_ms,
                                                            uint64_t reconnect_ns) {
  return start_transport(VfioUserDevice::open(path, reply_timeout_ms), path,
                         {reply_timeout_ms, reconnect_ns});
}

Result<std::unique_ptr<Transport>> open_vfio_user_transport(UniqueFd socket,
                                                            const std::string& name) {
  constexpr uint32_t kReplyTimeoutMs = vfio_user::Client::kReplyTimeoutMs;
  return start_transport(VfioUserDevice::open(std::move(socket), name, kReplyTimeoutMs), name,
                         {kReplyTimeoutMs, 0});
}

}  // namespace nvm

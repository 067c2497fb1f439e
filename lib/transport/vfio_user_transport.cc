// SPDX-License-Identifier: MIT
#include "transport/vfio_user_transport.h"

#include <algorithm>
#include <mutex>

#include "memory/io_address_space.h"
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

class VfioUserTransport final : public Transport {
 public:
  VfioUserTransport(std::unique_ptr<VfioUserDevice> device, const std::string& path);
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
    device_->write_register(offset, value, sizeof value);
  }
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
  bool is_gone() override;

 private:
  uint64_t read_register(uint32_t offset, uint32_t byte_length);
  Result<uint64_t> map_file(const Buffer& buffer);
  void send_rings(const std::vector<TrappedDoorbells::Ring>& rings);
  bool map_doorbells();

  Capabilities capabilities_;
  const std::unique_ptr<VfioUserDevice> device_;
  std::mutex mutex_;  // guards what follows
  IoAddressSpace io_addresses_;
  uint64_t regions_ = 0;

  DmaPool pool_;
  uint32_t stride_bytes_ = 0;
  std::atomic<uint32_t> always_rung_{1};     // doorbells need a call each time
  std::unique_ptr<MappedDoorbells> mapped_;  // one of the two
  std::unique_ptr<TrappedDoorbells> trapped_;
  uint64_t shadow_address_ = 0;
  std::unique_ptr<DeviceEvents> events_;  // last: its thread uses the others
};

VfioUserTransport::VfioUserTransport(std::unique_ptr<VfioUserDevice> device,
                                     const std::string& path)
    : device_(std::move(device)),
      io_addresses_({kAperture}),
      pool_([this](const Buffer& region) { return map_file(region); }) {
  capabilities_.emulated = true;
  capabilities_.foreign_memory = false;
  capabilities_.wakes = device_->vector_count() != 0;
  capabilities_.vectors = std::max<uint16_t>(device_->vector_count(), 1);
  capabilities_.name = "vfio-user";
  capabilities_.address = path;
}

Status VfioUserTransport::start() {
  const uint64_t cap = device_->read_register(spec::registers::cap, sizeof(uint64_t));
  if (is_gone()) return device_->client().gone_status();
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
  auto events = DeviceEvents::start(device_->client().socket(), capabilities_.vectors,
                                    [this] { device_->client().hang_up("closed the connection"); });
  if (!events.ok()) return std::move(events.status());
  events_ = std::move(events.value());
  return {};
}

// False where doorbells are rung by messages instead: a server takes these in any case.
bool VfioUserTransport::map_doorbells() {
  auto area = device_->take_doorbell_area();
  if (!area) return false;
  auto mapped = MappedDoorbells::map(area->fd, area->file_offset, area->byte_length);
  if (mapped.ok()) mapped_ = std::move(mapped.value());
  return mapped.ok();
}

bool VfioUserTransport::is_gone() {
  if (mapped_ != nullptr && mapped_->vanished()) {
    device_->client().hang_up("took its doorbells away");
  }
  return device_->client().is_gone();
}

uint64_t VfioUserTransport::read_register(uint32_t offset, uint32_t byte_length) {
  return is_gone() ? UINT64_MAX : device_->read_register(offset, byte_length);
}

void VfioUserTransport::write_register32(uint32_t offset, uint32_t value) {
  device_->write_register(offset, value, sizeof value);
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
  device_->client().post(std::move(all));
}

// Gives the server a file, wholly, at addresses that we choose.
Result<uint64_t> VfioUserTransport::map_file(const Buffer& buffer) {
  const uint64_t byte_length = (buffer.byte_length() + kPageBytes - 1) / kPageBytes * kPageBytes;
  const uint64_t alignment = byte_length >= kHugePageBytes ? kHugePageBytes : kPageBytes;
  if (buffer.fd() < 0) {
    return Status(ErrorCode::Unsupported, "memory without a file descriptor cannot be given to " +
                                              capabilities_.address + "; use allocate()");
  }
  std::lock_guard lock(mutex_);
  const uint64_t regions_max = device_->client().capabilities().dma_maps_max;
  if (regions_ >= regions_max) {
    return Status(ErrorCode::Memory, capabilities_.address + " takes " +
                                         std::to_string(regions_max) + " regions of memory");
  }
  Result<uint64_t> first = io_addresses_.allocate(byte_length, alignment);
  if (!first.ok()) return first;
  Status mapped = device_->map(first.value(), byte_length, buffer.fd(), buffer.fd_offset());
  if (!mapped.ok()) {
    io_addresses_.free(first.value());
    return mapped;
  }
  regions_++;
  return first;
}

Result<Mapping> VfioUserTransport::map(const Buffer& buffer) {
  constexpr uint64_t kOfPool = 1;
  if (is_gone()) return device_->client().gone_status();
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
  if (mapping.handle != 0 || is_gone()) return {};
  const IoRun& run = mapping.runs[0];
  std::lock_guard lock(mutex_);
  NVM_TRY(device_->unmap(run.io_address, run.byte_length));
  io_addresses_.free(run.io_address);
  regions_--;
  return {};
}

Status VfioUserTransport::bind_wake(uint16_t vector, const WakeTarget& target) {
  if (!capabilities_.wakes || vector >= capabilities_.vectors) {
    return Status(ErrorCode::Range, "interrupt vector " + std::to_string(vector) + " of " +
                                        std::to_string(device_->vector_count()));
  }
  auto is_new = events_->bind(vector, target);
  if (!is_new.ok()) return std::move(is_new.status());
  if (!is_new.value() || is_gone()) return {};
  return device_->connect_vector(vector, events_->eventfd_of(vector));
}

// A server that is gone may go on with what it has mapped, and reaches nothing else: see unmap().
Status VfioUserTransport::reset() {
  if (is_gone()) return {};
  Status done = device_->reset();
  if (done.ok() && trapped_ != nullptr) trapped_->clear_all();
  return is_gone() ? Status() : std::move(done);
}

}  // namespace

Result<std::unique_ptr<Transport>> open_vfio_user_transport(const std::string& path,
                                                            uint32_t reply_timeout_ms) {
  auto device = VfioUserDevice::open(path, reply_timeout_ms);
  if (!device.ok()) return std::move(device.status());
  auto transport = std::make_unique<VfioUserTransport>(std::move(device.value()), path);
  NVM_TRY(transport->start());
  return std::unique_ptr<Transport>(std::move(transport));
}

}  // namespace nvm

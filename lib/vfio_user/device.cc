// SPDX-License-Identifier: MIT
#include "vfio_user/device.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "spec/nvme.h"

namespace nvm::vfio_user {
namespace {

// The numbers of the regions, as VFIO gives them to PCI functions: BAR n is region n.
constexpr uint32_t kRegisters = 0;
constexpr uint32_t kMsixTable = 4;
constexpr uint32_t kPendingBits = 5;
constexpr uint32_t kConfig = 7;

constexpr size_t kDwordByteLength = 4;
constexpr size_t kQwordByteLength = 8;

}  // namespace

Device::Device(emulator::PcieController& controller, Doorbells doorbells,
               std::function<void()> notify)
    : controller_(controller),
      doorbells_(doorbells),
      remote_memory_(std::move(notify)),
      dma_(controller.domain(), remote_memory_) {
  constexpr uint32_t read_write = region_flag::read | region_flag::write;
  regions_[kRegisters] = {kBar0ByteLength, read_write, {}, -1};
  regions_[kMsixTable] = {kMsixTableByteLength, read_write, {}, -1};
  regions_[kPendingBits] = {kPendingBitsByteLength, read_write, {}, -1};
  regions_[kConfig] = {kConfigByteLength, read_write, {}, -1};
  controller_.set_interrupt_sink(&interrupts_);
  obey_config();
}

Device::~Device() {
  disconnect();
  controller_.set_interrupt_sink(nullptr);
  controller_.set_bus_master(true);
}

Device::Outcome Device::handle(const Header& header, std::span<const std::byte> payload,
                               std::vector<UniqueFd> fds) {
  Outcome outcome;
  if (is_reply(header)) {
    outcome.broken = !remote_memory_.accept_reply(header, payload);
    outcome.controller_written = true;
    return outcome;
  }
  controller_written_ = false;
  Message reply = answer(header, parse_request(header, payload, fds.size()), fds);
  outcome.controller_written = controller_written_;
  if ((header.flags & header_flag::no_reply) == 0) outcome.reply = std::move(reply);
  return outcome;
}

// What the client before had begun touches no memory of the next one, which may be at the same
// addresses.
void Device::disconnect() {
  remote_memory_.disconnect();
  reset();
  dma_.clear();
  for (uint32_t index = 0; index < irq_index::count; index++) {
    interrupts_.disconnect(index, 0, Interrupts::count_of(index));
  }
  follow_pin();
  version_agreed_ = false;
  regions_[kRegisters].mappable = {};
  doorbell_file_.reset();
  doorbells_given_ = false;
}

bool Device::must_be_polled() {
  return doorbells_given_ && spec::cc::en.get(static_cast<uint32_t>(controller_.read_register(
                                 spec::registers::cc, kDwordByteLength))) != 0;
}

// A new file for each client, so that one which has gone cannot ring for the next. Without one, the
// client rings by messages.
void Device::offer_doorbells() {
  static constexpr SparseArea kArea[] = {
      {emulator::kDoorbellOffset, emulator::kSleepingOffset - emulator::kDoorbellOffset}};
  if (doorbells_ != Doorbells::Poll || client_fds_max_ == 0) return;
  doorbell_file_ = controller_.share_doorbells();
  if (!doorbell_file_.valid()) return;
  regions_[kRegisters].mappable = kArea;
  regions_[kRegisters].fd = doorbell_file_.get();
}

Message Device::answer(const Header& header, const Request& request, std::vector<UniqueFd>& fds) {
  if (auto* refused = std::get_if<Refused>(&request)) {
    return make_error_reply(header, refused->os_error);
  }
  if (auto* version = std::get_if<VersionRequest>(&request))
    return answer_version(header, *version);
  if (!version_agreed_) return make_error_reply(header, EPROTO);
  if (auto* map = std::get_if<DmaMapRequest>(&request)) return answer_dma_map(header, *map, fds);
  if (auto* unmap = std::get_if<DmaUnmapRequest>(&request)) return answer_dma_unmap(header, *unmap);
  if (std::holds_alternative<DeviceInfoRequest>(request)) {
    DeviceInfoBody body{sizeof(DeviceInfoBody), device_flag::reset | device_flag::pci,
                        static_cast<uint32_t>(regions_.size()), irq_index::count};
    return make_reply(header, {as_bytes_of(body)});
  }
  if (auto* info = std::get_if<RegionInfoRequest>(&request))
    return answer_region_info(header, *info);
  if (auto* info = std::get_if<IrqInfoRequest>(&request)) return answer_irq_info(header, *info);
  if (auto* set = std::get_if<IrqSetRequest>(&request)) return answer_irq_set(header, *set, fds);
  if (auto* read = std::get_if<RegionReadRequest>(&request))
    return answer_region_read(header, *read);
  if (auto* write = std::get_if<RegionWriteRequest>(&request)) {
    return answer_region_write(header, *write);
  }
  reset();
  return make_reply(header);
}

Message Device::answer_version(const Header& header, const VersionRequest& request) {
  if (version_agreed_) return make_error_reply(header, EINVAL);
  version_agreed_ = true;
  client_fds_max_ = request.capabilities.fds_max;
  remote_memory_.connect(request.capabilities.data_byte_length_max);
  offer_doorbells();
  VersionBody body{kMajorVersion, std::min(request.body.minor, kMinorVersion)};
  std::string_view json = capabilities_json();
  constexpr std::byte end{0};
  return make_reply(header, {as_bytes_of(body), std::as_bytes(std::span(json)), as_bytes_of(end)});
}

Message Device::answer_dma_map(const Header& header, const DmaMapRequest& request,
                               std::vector<UniqueFd>& fds) {
  UniqueFd fd = fds.empty() ? UniqueFd() : std::move(fds.front());
  int refused = dma_.map(request.body, fd);
  return refused ? make_error_reply(header, refused) : make_reply(header);
}

Message Device::answer_dma_unmap(const Header& header, const DmaUnmapRequest& request) {
  int refused = dma_.unmap(request.body);
  if (refused) return make_error_reply(header, refused);
  return make_reply(header, {as_bytes_of(request.body)});
}

Message Device::answer_region_info(const Header& header, const RegionInfoRequest& request) {
  if (request.body.index >= regions_.size()) return make_error_reply(header, EINVAL);
  Message reply = make_region_info_reply(header, request.body, regions_[request.body.index]);
  if (reply.fd >= 0) doorbells_given_ = true;
  return reply;
}

Message Device::answer_irq_info(const Header& header, const IrqInfoRequest& request) {
  if (request.body.index >= irq_index::count) return make_error_reply(header, EINVAL);
  const uint32_t index = request.body.index;
  IrqInfoBody body{sizeof(IrqInfoBody), Interrupts::flags_of(index), index,
                   Interrupts::count_of(index)};
  return make_reply(header, {as_bytes_of(body)});
}

Message Device::answer_irq_set(const Header& header, const IrqSetRequest& request,
                               std::vector<UniqueFd>& fds) {
  const IrqSetBody& body = request.body;
  const uint32_t available = Interrupts::count_of(body.index);
  if (body.index >= irq_index::count || body.start + body.count > available) {
    return make_error_reply(header, EINVAL);
  }
  if ((body.flags & irq_set_flag::data_eventfd) == 0) {
    const bool masks = (body.flags & irq_set_flag::action_trigger) == 0;
    if (masks && (Interrupts::flags_of(body.index) & irq_flag::maskable) == 0) {
      return make_error_reply(header, EINVAL);
    }
    act_on_irqs(request);
    follow_pin();
    return make_reply(header);
  }
  if (fds.empty()) interrupts_.disconnect(body.index, body.start, body.count);
  int refused = interrupts_.connect(body.index, body.start, std::move(fds));
  follow_pin();
  return refused ? make_error_reply(header, refused) : make_reply(header);
}

void Device::act_on_irqs(const IrqSetRequest& request) {
  const IrqSetBody& body = request.body;
  const uint32_t action = body.flags & irq_set_flag::action_bits;
  const uint32_t data = body.flags & irq_set_flag::data_mask;
  // The host has done what it did about the last signal: what is the level now?
  if (body.index == irq_index::pin) controller_.update_pin();
  // Nothing to trigger, from `start` on: the client gives up all of them.
  if (data == irq_set_flag::data_none && action == irq_set_flag::action_trigger &&
      body.count == 0) {
    interrupts_.disconnect(body.index, body.start, Interrupts::count_of(body.index) - body.start);
  }
  for (uint32_t i = 0; i < body.count; i++) {
    if (data == irq_set_flag::data_bool && request.flags[i] == std::byte{0}) continue;
    if (action == irq_set_flag::action_trigger) {
      interrupts_.trigger(body.index, body.start + i);
    } else {
      interrupts_.set_client_mask(body.index, body.start + i, action == irq_set_flag::action_mask);
    }
  }
}

bool Device::in_region(const RegionAccessBody& access, uint32_t needed_flag) const {
  if (access.region >= regions_.size()) return false;
  const RegionDescription& region = regions_[access.region];
#if NVM_CANARY_REGION_ACCESS_UNCHECKED
  return (region.flags & needed_flag) != 0;
#endif
  return (region.flags & needed_flag) != 0 && access.offset <= region.byte_length &&
         access.count <= region.byte_length - access.offset;
}

Message Device::answer_region_read(const Header& header, const RegionReadRequest& request) {
  const RegionAccessBody& access = request.body;
  if (!in_region(access, region_flag::read)) return make_error_reply(header, EINVAL);
  std::vector<std::byte> data(access.count);
  switch (access.region) {
    case kRegisters:
      read_registers(access.offset, data);
      break;
    case kMsixTable:
      interrupts_.read_table(access.offset, data);
      break;
    case kPendingBits:
      interrupts_.read_pending(access.offset, data);
      break;
    case kConfig:
      config_space_.show_pin(!config_space_.msix_enabled() && controller_.pin_level());
      config_space_.read(access.offset, data);
      break;
  }
  return make_reply(header, {as_bytes_of(access), data});
}

Message Device::answer_region_write(const Header& header, const RegionWriteRequest& request) {
  const RegionAccessBody& access = request.body;
  if (!in_region(access, region_flag::write)) return make_error_reply(header, EINVAL);
  switch (access.region) {
    case kRegisters:
      if (!write_registers(access.offset, request.data)) return make_error_reply(header, EINVAL);
      break;
    case kMsixTable:
      interrupts_.write_table(access.offset, request.data);
      break;
    case kPendingBits:
      break;  // the device's own: writes change nothing
    case kConfig:
      write_config(access.offset, request.data);
      break;
  }
  return make_reply(header, {as_bytes_of(access)});
}

// An access of 8 aligned bytes reaches the controller as one; any other is made of the registers it
// touches.
void Device::read_registers(uint64_t offset, std::span<std::byte> to) {
  if (to.size() == kQwordByteLength && offset % kQwordByteLength == 0) {
    uint64_t value = controller_.read_register(static_cast<uint32_t>(offset), kQwordByteLength);
    std::memcpy(to.data(), &value, sizeof value);
    return;
  }
  for (size_t done = 0; done < to.size();) {
    uint64_t at = offset + done;
    size_t skip = at % kDwordByteLength;
    size_t count = std::min(kDwordByteLength - skip, to.size() - done);
    auto value = static_cast<uint32_t>(
        controller_.read_register(static_cast<uint32_t>(at - skip), kDwordByteLength));
    std::memcpy(to.data() + done, reinterpret_cast<std::byte*>(&value) + skip, count);
    done += count;
  }
}

bool Device::write_registers(uint64_t offset, std::span<const std::byte> from) {
  if (offset % kDwordByteLength != 0 || from.size() % kDwordByteLength != 0) return false;
  controller_written_ = true;
  if (from.size() == kQwordByteLength && offset % kQwordByteLength == 0) {
    uint64_t value;
    std::memcpy(&value, from.data(), sizeof value);
    controller_.write_register(static_cast<uint32_t>(offset), value, kQwordByteLength);
    return true;
  }
  for (size_t done = 0; done < from.size(); done += kDwordByteLength) {
    uint32_t value;
    std::memcpy(&value, from.data() + done, sizeof value);
    controller_.write_register(static_cast<uint32_t>(offset + done), value, kDwordByteLength);
  }
  return true;
}

void Device::write_config(uint64_t offset, std::span<const std::byte> from) {
  if (config_space_.write(offset, from)) return reset();
  obey_config();
  controller_written_ = true;
}

void Device::obey_config() {
  controller_.set_bus_master(config_space_.bus_master());
  interrupts_.set_msix_masked(config_space_.msix_masked());
  follow_pin();
}

void Device::follow_pin() {
  controller_.use_pin(interrupts_.has_pin() && config_space_.pin_enabled());
}

void Device::reset() {
  controller_.reset();
  config_space_.reset();
  interrupts_.reset();
  obey_config();
  controller_written_ = true;
}

}  // namespace nvm::vfio_user

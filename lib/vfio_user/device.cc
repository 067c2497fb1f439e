// SPDX-License-Identifier: MIT
#include "vfio_user/device.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

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

Device::Device(emulator::PcieController& controller)
    : controller_(controller), dma_(controller.domain()) {
  constexpr uint32_t read_write = region_flag::read | region_flag::write;
  // No area of the registers can be mapped, so that every doorbell arrives as a message and an idle
  // client costs nothing.
  regions_[kRegisters] = {kBar0ByteLength, read_write, {}, -1};
  regions_[kMsixTable] = {kMsixTableByteLength, read_write, {}, -1};
  regions_[kPendingBits] = {kPendingBitsByteLength, read_write, {}, -1};
  regions_[kConfig] = {kConfigByteLength, read_write, {}, -1};
  controller_.set_interrupt_sink(&interrupts_);
}

Device::~Device() {
  controller_.set_interrupt_sink(nullptr);
}

Device::Outcome Device::handle(const Header& header, std::span<const std::byte> payload,
                               std::vector<UniqueFd> fds) {
  controller_written_ = false;
  Reply reply = answer(header, parse_request(header, payload, fds.size()), fds);
  Outcome outcome;
  outcome.controller_written = controller_written_;
  if ((header.flags & header_flag::no_reply) == 0) outcome.reply = std::move(reply);
  return outcome;
}

void Device::disconnect() {
  dma_.clear();
  interrupts_.disconnect(0, kVectorCount);
  version_agreed_ = false;
}

Reply Device::answer(const Header& header, const Request& request, std::vector<UniqueFd>& fds) {
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

Reply Device::answer_version(const Header& header, const VersionRequest& request) {
  if (version_agreed_) return make_error_reply(header, EINVAL);
  version_agreed_ = true;
  VersionBody body{kMajorVersion, std::min(request.body.minor, kMinorVersion)};
  std::string_view json = capabilities_json();
  constexpr std::byte end{0};
  return make_reply(header, {as_bytes_of(body), std::as_bytes(std::span(json)), as_bytes_of(end)});
}

Reply Device::answer_dma_map(const Header& header, const DmaMapRequest& request,
                             std::vector<UniqueFd>& fds) {
  UniqueFd fd = fds.empty() ? UniqueFd() : std::move(fds.front());
  int refused = dma_.map(request.body, fd);
  return refused ? make_error_reply(header, refused) : make_reply(header);
}

Reply Device::answer_dma_unmap(const Header& header, const DmaUnmapRequest& request) {
  int refused = dma_.unmap(request.body);
  if (refused) return make_error_reply(header, refused);
  return make_reply(header, {as_bytes_of(request.body)});
}

Reply Device::answer_region_info(const Header& header, const RegionInfoRequest& request) {
  if (request.body.index >= regions_.size()) return make_error_reply(header, EINVAL);
  return make_region_info_reply(header, request.body, regions_[request.body.index]);
}

Reply Device::answer_irq_info(const Header& header, const IrqInfoRequest& request) {
  if (request.body.index >= irq_index::count) return make_error_reply(header, EINVAL);
  IrqInfoBody body{sizeof(IrqInfoBody), 0, request.body.index, 0};
  if (request.body.index == irq_index::msix) {
    body.flags = irq_flag::eventfd | irq_flag::maskable;
    body.count = kVectorCount;
  }
  return make_reply(header, {as_bytes_of(body)});
}

Reply Device::answer_irq_set(const Header& header, const IrqSetRequest& request,
                             std::vector<UniqueFd>& fds) {
  const IrqSetBody& body = request.body;
  uint32_t action = body.flags & irq_set_flag::action_bits;
  uint32_t data = body.flags & irq_set_flag::data_mask;
  uint32_t available = body.index == irq_index::msix ? kVectorCount : 0u;
  if (body.index >= irq_index::count || body.start + body.count > available) {
    return make_error_reply(header, EINVAL);
  }
  if (data == irq_set_flag::data_eventfd) {
    if (fds.empty()) interrupts_.disconnect(body.start, body.count);
    int refused = interrupts_.connect(body.start, std::move(fds));
    return refused ? make_error_reply(header, refused) : make_reply(header);
  }
  // Nothing to trigger, from vector 0 on: the client gives up all of them.
  if (data == irq_set_flag::data_none && action == irq_set_flag::action_trigger &&
      body.count == 0) {
    interrupts_.disconnect(body.start, available - body.start);
  }
  for (uint32_t i = 0; i < body.count; i++) {
    if (data == irq_set_flag::data_bool && request.flags[i] == std::byte{0}) continue;
    uint32_t vector = body.start + i;
    if (action == irq_set_flag::action_trigger) {
      interrupts_.raise(static_cast<uint16_t>(vector));
    } else {
      interrupts_.set_client_mask(vector, action == irq_set_flag::action_mask);
    }
  }
  return make_reply(header);
}

bool Device::in_region(const RegionAccessBody& access, uint32_t needed_flag) const {
  if (access.region >= regions_.size()) return false;
  const RegionDescription& region = regions_[access.region];
  return (region.flags & needed_flag) != 0 && access.offset <= region.byte_length &&
         access.count <= region.byte_length - access.offset;
}

Reply Device::answer_region_read(const Header& header, const RegionReadRequest& request) {
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
      config_space_.read(access.offset, data);
      break;
  }
  return make_reply(header, {as_bytes_of(access), data});
}

Reply Device::answer_region_write(const Header& header, const RegionWriteRequest& request) {
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
      if (config_space_.write(access.offset, request.data)) reset();
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

void Device::reset() {
  controller_.reset();
  config_space_.reset();
  interrupts_.reset();
  controller_written_ = true;
}

}  // namespace nvm::vfio_user

// SPDX-License-Identifier: MIT
#include "transport/vfio_user_device.h"

#include <linux/pci_regs.h>

#include <algorithm>
#include <cstring>

namespace nvm {

using vfio_user::as_bytes_of;
using vfio_user::CommandCode;

namespace {

constexpr uint64_t kDoorbellOffset = 0x1000;  // NVMe over PCIe transport 1.0, 3.1.2
constexpr uint64_t kRegistersByteLengthMin = 0x2000;
constexpr uint64_t kConfigByteLengthMin = 256;
constexpr uint64_t kDoorbellBytesMax = 1u << 20;
constexpr uint32_t kRegionInfoBytes = 1024;  // room for what servers say
constexpr uint32_t kRegionInfoBytesMax = 4096;
constexpr uint32_t kClassNvme = 0x010802;
constexpr uint32_t kVectorsMax = 2048;  // PCI's limit
constexpr uint32_t kReadWrite = vfio_user::region_flag::read | vfio_user::region_flag::write;

}  // namespace

Result<std::unique_ptr<VfioUserDevice>> VfioUserDevice::open(const std::string& socket_path,
                                                             uint32_t reply_timeout_ms,
                                                             const std::atomic<bool>* given_up) {
  return meet(vfio_user::Client::connect(socket_path, reply_timeout_ms, given_up));
}

Result<std::unique_ptr<VfioUserDevice>> VfioUserDevice::open(UniqueFd socket,
                                                             const std::string& name,
                                                             uint32_t reply_timeout_ms) {
  return meet(vfio_user::Client::agree_on(std::move(socket), name, reply_timeout_ms));
}

Result<std::unique_ptr<VfioUserDevice>> VfioUserDevice::meet(
    Result<std::unique_ptr<vfio_user::Client>> client) {
  if (!client.ok()) return std::move(client.status());
  std::unique_ptr<VfioUserDevice> device(new VfioUserDevice(std::move(client.value())));
  NVM_TRY(device->learn());
  return device;
}

Status VfioUserDevice::learn() {
  const vfio_user::DeviceInfoBody asked{sizeof asked, 0, 0, 0};
  auto reply = client_->call(CommandCode::DeviceGetInfo, {as_bytes_of(asked)});
  if (!reply.ok()) return std::move(reply.status());
  const auto info = vfio_user::parse_device_info_reply(reply.value().payload);
  if (!info) return malformed("DEVICE_GET_INFO");
  if ((info->flags & vfio_user::device_flag::pci) == 0 || info->region_count <= kConfig) {
    return Status(ErrorCode::Target, client_->path() + " serves no PCI device");
  }
  resets_ = (info->flags & vfio_user::device_flag::reset) != 0;
  NVM_TRY(learn_registers());
  NVM_TRY(check_class());
  if (info->irq_count > vfio_user::irq_index::msix) NVM_TRY(learn_interrupts());
  return enable();
}

Status VfioUserDevice::malformed(const char* what) {
  client_->hang_up(std::string("sent a malformed reply to ") + what);
  return client_->gone_status();
}

// With room for everything: an answer that was cut says how much that is.
Result<vfio_user::RegionInfoReply> VfioUserDevice::ask_region(uint32_t index,
                                                              std::vector<UniqueFd>& fds) {
  vfio_user::RegionInfoBody asked{kRegionInfoBytes, 0, index, 0, 0, 0};
  for (;;) {
    auto reply = client_->call(CommandCode::DeviceGetRegionInfo, {as_bytes_of(asked)}, -1,
                               vfio_user::kFdsPerMessageMax);
    if (!reply.ok()) return std::move(reply.status());
    auto region = vfio_user::parse_region_info_reply(index, reply.value().payload);
    if (!region) return malformed("DEVICE_GET_REGION_INFO");
    if (region->body.argsz <= asked.argsz) {
      fds = std::move(reply.value().fds);
      return std::move(*region);
    }
    if (asked.argsz == kRegionInfoBytesMax || region->body.argsz > kRegionInfoBytesMax) {
      return malformed("DEVICE_GET_REGION_INFO");
    }
    asked.argsz = kRegionInfoBytesMax;
  }
}

Status VfioUserDevice::check_region(const vfio_user::RegionInfoBody& region,
                                    uint64_t byte_length_min) {
  if ((region.flags & kReadWrite) == kReadWrite && region.byte_length >= byte_length_min) return {};
  return Status(ErrorCode::Unsupported,
                client_->path() + ": region " + std::to_string(region.index) + " has " +
                    std::to_string(region.byte_length) + " bytes, or cannot be read and written");
}

Status VfioUserDevice::learn_registers() {
  std::vector<UniqueFd> fds;
  auto config = ask_region(kConfig, fds);
  if (!config.ok()) return std::move(config.status());
  NVM_TRY(check_region(config.value().body, kConfigByteLengthMin));
  auto registers = ask_region(kRegisters, fds);
  if (!registers.ok()) return std::move(registers.status());
  const vfio_user::RegionInfoBody& bar = registers.value().body;
  NVM_TRY(check_region(bar, kRegistersByteLengthMin));
  if ((bar.flags & vfio_user::region_flag::mmap) == 0 || fds.size() != 1) return {};
  std::vector<vfio_user::SparseArea> areas = std::move(registers.value().areas);
  const bool has_parts = (bar.flags & vfio_user::region_flag::capabilities) != 0;
  if (areas.empty() && !has_parts) areas.push_back({0, bar.byte_length});
  for (const auto& area : areas) {
    const uint64_t end = area.offset + area.byte_length;
    if (area.offset > kDoorbellOffset || end <= kDoorbellOffset) continue;
    const uint64_t byte_length = std::min(end - kDoorbellOffset, kDoorbellBytesMax) & ~0xfffull;
    if (byte_length == 0 || bar.file_offset > INT64_MAX) continue;
    doorbell_area_ = {std::move(fds[0]), bar.file_offset + kDoorbellOffset, byte_length};
    return {};
  }
  return {};
}

Status VfioUserDevice::check_class() {
  auto revision_and_class = read_config<uint32_t>(PCI_CLASS_REVISION);
  if (!revision_and_class.ok()) return std::move(revision_and_class.status());
  if (revision_and_class.value() >> 8 == kClassNvme) return {};
  return Status(ErrorCode::Target, client_->path() + " serves no NVMe controller");
}

Status VfioUserDevice::learn_interrupts() {
  const uint32_t index = vfio_user::irq_index::msix;
  const vfio_user::IrqInfoBody asked{sizeof asked, 0, index, 0};
  auto reply = client_->call(CommandCode::DeviceGetIrqInfo, {as_bytes_of(asked)});
  if (!reply.ok()) return std::move(reply.status());
  const auto info = vfio_user::parse_irq_info_reply(index, reply.value().payload);
  if (!info) return malformed("DEVICE_GET_IRQ_INFO");
  if ((info->flags & vfio_user::irq_flag::eventfd) == 0) return {};
  vector_count_ = static_cast<uint16_t>(std::min(info->count, kVectorsMax));
  return find_msix();
}

// A chain has no more links than the space has room for.
Status VfioUserDevice::find_msix() {
  auto status = read_config<uint16_t>(PCI_STATUS);
  if (!status.ok()) return std::move(status.status());
  if ((status.value() & PCI_STATUS_CAP_LIST) == 0) return {};
  auto next = read_config<uint8_t>(PCI_CAPABILITY_LIST);
  if (!next.ok()) return std::move(next.status());
  uint8_t at = next.value() & 0xfc;
  for (int links = 0; links < 48 && at >= PCI_STD_HEADER_SIZEOF; links++) {
    auto head = read_config<uint16_t>(at);
    if (!head.ok()) return std::move(head.status());
    if ((head.value() & 0xff) == PCI_CAP_ID_MSIX) {
      msix_offset_ = at;
      return {};
    }
    at = static_cast<uint8_t>(head.value() >> 8) & 0xfc;
  }
  return {};
}

// Memory space and bus mastering, no pin interrupt, and MSI-X, which is as good as its eventfds.
Status VfioUserDevice::enable() {
  NVM_TRY(change_config(PCI_COMMAND,
                        PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE));
  if (vector_count_ == 0 || msix_offset_ == 0) return {};
  return change_config(msix_offset_ + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE);
}

Status VfioUserDevice::change_config(uint64_t offset, uint16_t set) {
  auto before = read_config<uint16_t>(offset);
  if (!before.ok()) return std::move(before.status());
  const uint16_t after = before.value() | set;
  return write_region(kConfig, offset, as_bytes_of(after));
}

Status VfioUserDevice::read_region(uint32_t region, uint64_t offset, std::span<std::byte> to) {
  const vfio_user::RegionAccessBody asked{offset, region, static_cast<uint32_t>(to.size())};
  auto reply = client_->call(CommandCode::RegionRead, {as_bytes_of(asked)});
  if (!reply.ok()) return std::move(reply.status());
  const auto data = vfio_user::parse_region_read_reply(asked, reply.value().payload);
  if (!data) return malformed("REGION_READ");
  std::memcpy(to.data(), data->data(), to.size());
  return {};
}

Status VfioUserDevice::write_region(uint32_t region, uint64_t offset,
                                    std::span<const std::byte> from) {
  const vfio_user::RegionAccessBody asked{offset, region, static_cast<uint32_t>(from.size())};
  auto reply = client_->call(CommandCode::RegionWrite, {as_bytes_of(asked), from});
  return reply.ok() ? Status() : std::move(reply.status());
}

uint64_t VfioUserDevice::read_register(uint32_t offset, uint32_t byte_length) {
  uint64_t value = 0;
  const auto bytes = std::as_writable_bytes(std::span<uint64_t, 1>(&value, 1));
  return read_region(kRegisters, offset, bytes.first(byte_length)).ok() ? value : UINT64_MAX;
}

void VfioUserDevice::write_register(uint32_t offset, uint64_t value, uint32_t byte_length) {
  // What a refusal would mean, the next read of CSTS shows.
  (void)write_region(kRegisters, offset, as_bytes_of(value).first(byte_length));
}

Status VfioUserDevice::connect_vector(uint16_t vector, int eventfd) {
  namespace flag = vfio_user::irq_set_flag;
  const vfio_user::IrqSetBody body{sizeof body, flag::data_eventfd | flag::action_trigger,
                                   vfio_user::irq_index::msix, vector, 1};
  auto reply = client_->call(CommandCode::DeviceSetIrqs, {as_bytes_of(body)}, eventfd);
  return reply.ok() ? Status() : std::move(reply.status());
}

Status VfioUserDevice::map(uint64_t io_address, uint64_t byte_length, int fd,
                           uint64_t file_offset) {
  namespace flag = vfio_user::dma_flag;
  const vfio_user::DmaMapBody body{sizeof body, flag::read | flag::write, file_offset, io_address,
                                   byte_length};
  auto reply = client_->call(CommandCode::DmaMap, {as_bytes_of(body)}, fd);
  return reply.ok() ? Status() : std::move(reply.status());
}

Status VfioUserDevice::unmap(uint64_t io_address, uint64_t byte_length) {
  const vfio_user::DmaUnmapBody body{sizeof body, 0, io_address, byte_length};
  auto reply = client_->call(CommandCode::DmaUnmap, {as_bytes_of(body)});
  return reply.ok() ? Status() : std::move(reply.status());
}

Status VfioUserDevice::reset() {
  if (!resets_) return Status(ErrorCode::Unsupported, client_->path() + " cannot be reset");
  auto reply = client_->call(CommandCode::DeviceReset, {});
  if (!reply.ok()) return std::move(reply.status());
  return enable();  // the reset has undone that
}

}  // namespace nvm

// SPDX-License-Identifier: MIT
#include "transport/vfio_transport.h"

#include <errno.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>

#include <mutex>

#include "memory/buffer.h"
#include "memory/io_address_space.h"
#include "platform/os_failure.h"
#include "transport/direct_port.h"
#include "transport/memlock_limit.h"
#include "transport/mmio_bar.h"
#include "transport/pci_config.h"
#include "transport/vfio_group.h"

namespace nvm {
namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr uint64_t kHugePageBytes = 2u << 20;
// The first MiB, so that an address of zero or near it hits nothing, and the MSI window.
constexpr IoRange kReserved[] = {{0, 1u << 20}, {0xfee00000, 1u << 20}};

class VfioTransport final : public Transport {
 public:
  VfioTransport(const PciDevice& pci, VfioDevice device, uint64_t config_offset,
                uint64_t bar_offset, std::unique_ptr<MmioBar> bar)
      : device_(std::move(device)),
        config_offset_(static_cast<off_t>(config_offset)),
        bar_offset_(bar_offset),
        bar_(std::move(bar)),
        io_addresses_(device_.aperture, {std::begin(kReserved), std::end(kReserved)}) {
    capabilities_.name = "vfio";
    capabilities_.address = pci.address.text();
  }

  // Without bus mastering the device reaches no memory; closing the container then ends all
  // mappings.
  ~VfioTransport() override {
    (void)change_pci_command(device_.device.get(), config_offset_, 0, kPciCommandBusMaster);
  }

  const Capabilities& capabilities() const override { return capabilities_; }
  uint32_t read_register32(uint32_t offset) override { return bar_->read32(offset); }
  uint64_t read_register64(uint32_t offset) override { return bar_->read64(offset); }
  void write_register32(uint32_t offset, uint32_t value) override { bar_->write32(offset, value); }
  void write_register64(uint32_t offset, uint64_t value) override { bar_->write64(offset, value); }
  Doorbells doorbells() override { return bar_->doorbells(); }
  volatile void* bar() override { return bar_->bytes(); }
  size_t bar_byte_length() override { return bar_->byte_length(); }
  Result<Mapping> map(const Buffer& buffer) override { return map_at(buffer, 0); }
  Status unmap(const Mapping& mapping) override;
  Result<std::unique_ptr<ClientPort>> open_port(const SharingPolicy& policy) override;
  Status reset() override;

 private:
  // From `wanted` on, or anywhere when that is 0.
  Result<Mapping> map_at(const Buffer& buffer, uint64_t wanted);

  Capabilities capabilities_;
  VfioDevice device_;
  off_t config_offset_;
  uint64_t bar_offset_;
  std::unique_ptr<MmioBar> bar_;
  std::mutex mutex_;
  IoAddressSpace io_addresses_;
};

Result<Mapping> VfioTransport::map_at(const Buffer& buffer, uint64_t wanted) {
  const uint64_t address = reinterpret_cast<uintptr_t>(buffer.bytes());
  if (address % kPageBytes != 0) {
    return Status(ErrorCode::Alignment, "memory for the device begins at a multiple of 4096");
  }
  const uint64_t byte_length = (buffer.byte_length() + kPageBytes - 1) / kPageBytes * kPageBytes;
  const uint64_t alignment = byte_length >= kHugePageBytes ? kHugePageBytes : kPageBytes;
  std::lock_guard lock(mutex_);
  Result<uint64_t> first = wanted;
  if (wanted != 0) {
    NVM_TRY(io_addresses_.allocate_at(wanted, byte_length));
  } else {
    first = io_addresses_.allocate(byte_length, alignment);
    if (!first.ok()) return std::move(first.status());
  }
  vfio_iommu_type1_dma_map request = {};
  request.argsz = sizeof request;
  request.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
  request.vaddr = address;
  request.iova = first.value();
  request.size = byte_length;
  if (ioctl(device_.container.get(), VFIO_IOMMU_MAP_DMA, &request) != 0) {
    const int refused = errno;
    io_addresses_.free(first.value());
    const std::string what = "VFIO_IOMMU_MAP_DMA of " + std::to_string(byte_length) + " bytes";
    if (buffer.kind() == MemoryKind::Peer && (refused == EFAULT || refused == EINVAL)) {
      return Status(ErrorCode::Unsupported,
                    what + " of another device: " + describe_errno(refused) +
                        "; this kernel's vfio maps none, so read into memory of allocate()",
                    refused);
    }
    // The kernel says ENOMEM when the pages would exceed the limit of locked memory.
    if (refused != ENOMEM) return os_failure(what, refused);
    return Status(ErrorCode::Memlock,
                  what + ": " + describe_errno(refused) + "; " + describe_memlock_limit(), refused);
  }
  return Mapping{{{first.value(), byte_length}}, first.value()};
}

Status VfioTransport::unmap(const Mapping& mapping) {
  if (mapping.runs.size() != 1) return Status(ErrorCode::Argument, "not a mapping of this device");
  vfio_iommu_type1_dma_unmap request = {};
  request.argsz = sizeof request;
  request.iova = mapping.runs[0].io_address;
  request.size = mapping.runs[0].byte_length;
  std::lock_guard lock(mutex_);
  if (ioctl(device_.container.get(), VFIO_IOMMU_UNMAP_DMA, &request) != 0) {
    return os_failure("VFIO_IOMMU_UNMAP_DMA", errno);
  }
  io_addresses_.free(request.iova);
  return {};
}

// The kernel pins what it maps: also what the client gives up stays where the device writes.
Result<std::unique_ptr<ClientPort>> VfioTransport::open_port(const SharingPolicy& policy) {
  return open_direct_port(
      *this, policy, bar_->share(device_.device.get(), bar_offset_),
      {[this](const Buffer& buffer, uint64_t wanted) { return map_at(buffer, wanted); }});
}

Status VfioTransport::reset() {
  if (ioctl(device_.device.get(), VFIO_DEVICE_RESET) != 0) {
    if (errno == ENOTTY || errno == EINVAL) {
      return Status(ErrorCode::Unsupported, capabilities_.address + " has no function-level reset",
                    errno);
    }
    return os_failure("VFIO_DEVICE_RESET of " + capabilities_.address, errno);
  }
  return change_pci_command(device_.device.get(), config_offset_,
                            kPciCommandMemory | kPciCommandBusMaster, 0);
}

}  // namespace

Result<std::unique_ptr<Transport>> open_vfio_transport(const PciDevice& pci) {
  if (pci.driver != "vfio-pci") {
    return Status(ErrorCode::Driver,
                  pci.address.text() + " is bound to " +
                      (pci.driver.empty() ? "no driver" : "the kernel driver " + pci.driver) +
                      ", not to vfio-pci");
  }
  Result<VfioDevice> device = open_vfio_device(pci);
  if (!device.ok()) return std::move(device.status());
  Result<VfioRegion> config = find_vfio_region(device.value(), VFIO_PCI_CONFIG_REGION_INDEX);
  if (!config.ok()) return std::move(config.status());
  Result<VfioRegion> bar_region = find_vfio_region(device.value(), VFIO_PCI_BAR0_REGION_INDEX);
  if (!bar_region.ok()) return std::move(bar_region.status());
  const VfioRegion& region = bar_region.value();
  if (!region.mappable) {
    return Status(ErrorCode::Unsupported, "BAR0 of " + pci.address.text() + " cannot be mapped");
  }
  const int fd = device.value().device.get();
  const off_t config_offset = static_cast<off_t>(config.value().offset);
  NVM_TRY(change_pci_command(fd, config_offset, kPciCommandMemory | kPciCommandIntxDisable, 0));
  Result<std::unique_ptr<MmioBar>> bar = MmioBar::map(
      fd, static_cast<off_t>(region.offset), region.byte_length, "BAR0 of " + pci.address.text());
  if (!bar.ok()) return std::move(bar.status());
  // Last, so that a device that was refused reaches no memory.
  NVM_TRY(change_pci_command(fd, config_offset, kPciCommandBusMaster, 0));
  return std::unique_ptr<Transport>(new VfioTransport(pci, std::move(device.value()),
                                                      config.value().offset, region.offset,
                                                      std::move(bar.value())));
}

}  // namespace nvm

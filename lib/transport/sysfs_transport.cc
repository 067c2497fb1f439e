// SPDX-License-Identifier: MIT
#include "transport/sysfs_transport.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/os_failure.h"
#include "platform/unique_fd.h"
#include "transport/direct_port.h"
#include "transport/locked_memory.h"
#include "transport/mmio_bar.h"
#include "transport/pci_config.h"

namespace nvm {
namespace {

constexpr size_t kPageBytes = 4096;

class SysfsTransport final : public Transport {
 public:
  SysfsTransport(const PciDevice& device, std::unique_ptr<MmioBar> bar, UniqueFd bar_fd,
                 UniqueFd config, UniqueFd pagemap)
      : path_(device.path),
        bar_(std::move(bar)),
        bar_fd_(std::move(bar_fd)),
        config_(std::move(config)),
        pagemap_(std::move(pagemap)) {
    capabilities_.name = "sysfs";
    capabilities_.address = device.address.text();
  }

  // Without bus mastering the device reaches no memory, whatever state it was left in.
  ~SysfsTransport() override {
    (void)change_pci_command(config_.get(), 0, 0, kPciCommandBusMaster);
  }

  const Capabilities& capabilities() const override { return capabilities_; }
  uint32_t read_register32(uint32_t offset) override { return bar_->read32(offset); }
  uint64_t read_register64(uint32_t offset) override { return bar_->read64(offset); }
  void write_register32(uint32_t offset, uint32_t value) override { bar_->write32(offset, value); }
  void write_register64(uint32_t offset, uint64_t value) override { bar_->write64(offset, value); }
  Doorbells doorbells() override { return bar_->doorbells(); }
  volatile void* bar() override { return bar_->bytes(); }
  size_t bar_byte_length() override { return bar_->byte_length(); }

  Result<Mapping> map(const Buffer& buffer) override {
    NVM_TRY(check_alignment(buffer));
    if (buffer.kind() == MemoryKind::Peer) {
      return Mapping{{{buffer.bus_address(), buffer.byte_length()}}, 0};
    }
    NVM_TRY(lock_memory(buffer));
    return find(buffer);
  }

  // Physical addresses need no undoing. Our memory stays locked until it is freed.
  Status unmap(const Mapping&) override { return {}; }

  Result<std::unique_ptr<ClientPort>> open_port(const SharingPolicy& policy) override {
    return open_direct_port(
        *this, policy, bar_->share(bar_fd_.get(), 0),
        {[this](const Buffer& buffer, uint64_t wanted) { return map_clients(buffer, wanted); }});
  }

  Status reset() override {
    const std::string file = path_ + "/reset";
    UniqueFd fd(open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd.valid() && errno == ENOENT) {
      return Status(ErrorCode::Unsupported,
                    capabilities_.address + " has no function-level reset (" + file + ")");
    }
    if (!fd.valid()) return os_failure("open " + file, errno);
    if (write(fd.get(), "1", 1) != 1) return os_failure("write " + file, errno);
    return {};
  }

 private:
  static Status check_alignment(const Buffer& buffer) {
    if (reinterpret_cast<uintptr_t>(buffer.bytes()) % kPageBytes == 0) return {};
    return Status(ErrorCode::Alignment, "memory for the device begins at a multiple of 4096");
  }

  Result<Mapping> find(const Buffer& buffer) {
    Result<std::vector<IoRun>> runs = find_physical_runs(buffer, pagemap_.get());
    if (!runs.ok()) return std::move(runs.status());
    const uint64_t first = runs.value().front().io_address;
    return Mapping{std::move(runs.value()), first};
  }

  // Locked by our mapping of it, until that ends.
  Result<Mapping> map_clients(const Buffer& buffer, uint64_t wanted) {
    NVM_TRY(check_alignment(buffer));
    NVM_TRY(lock_pages(buffer));
    Result<Mapping> mapping = find(buffer);
    if (!mapping.ok() || wanted == 0) return mapping;
    // Memory is where it is, and whoever wants it elsewhere counts on one address for all of it.
    const std::vector<IoRun>& runs = mapping.value().runs;
    if (runs.size() == 1 && runs[0].io_address == wanted) return mapping;
    return Status(ErrorCode::Busy, "memory has other physical addresses than it had");
  }

  Capabilities capabilities_;
  std::string path_;
  std::unique_ptr<MmioBar> bar_;
  UniqueFd bar_fd_;  // for clients to map
  UniqueFd config_;
  UniqueFd pagemap_;
};

Status refuse_unless_free(const PciDevice& device) {
  if (!device.driver.empty()) {
    return Status(ErrorCode::Driver,
                  device.address.text() + " is bound to the kernel driver " + device.driver);
  }
  // Only in an identity domain are bus addresses physical addresses.
  if (!device.iommu_group.empty() && device.iommu_type != "identity") {
    const std::string type =
        device.iommu_type.empty() ? "of unknown type" : "of type " + device.iommu_type;
    return Status(ErrorCode::Iommu,
                  device.address.text() + " is in IOMMU group " + device.iommu_group + " " + type);
  }
  return {};
}

Result<UniqueFd> open_file(const std::string& path, int flags) {
  UniqueFd fd(open(path.c_str(), flags | O_CLOEXEC));
  if (!fd.valid()) return os_failure("open " + path, errno);
  return fd;
}

// A device that no driver has claimed may still be switched off.
Status enable(const PciDevice& device) {
  const std::string file = device.path + "/enable";
  UniqueFd fd(open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return os_failure("open " + file, errno);
  if (write(fd.get(), "1", 1) != 1) return os_failure("write " + file, errno);
  return {};
}

}  // namespace

Result<std::unique_ptr<Transport>> open_sysfs_transport(const PciDevice& device,
                                                        const std::string& pagemap) {
  NVM_TRY(refuse_unless_free(device));
  Result<UniqueFd> config = open_file(device.path + "/config", O_RDWR);
  if (!config.ok()) return std::move(config.status());
  const std::string resource = device.path + "/resource0";
  Result<UniqueFd> bar_fd = open_file(resource, O_RDWR | O_SYNC);
  if (!bar_fd.ok()) return std::move(bar_fd.status());
  Result<UniqueFd> pagemap_fd = open_file(pagemap, O_RDONLY);
  if (!pagemap_fd.ok()) return std::move(pagemap_fd.status());

  const int config_fd = config.value().get();
  NVM_TRY(enable(device));
  NVM_TRY(change_pci_command(config_fd, 0, kPciCommandMemory | kPciCommandIntxDisable, 0));
  struct stat information;
  if (fstat(bar_fd.value().get(), &information) != 0) return os_failure("stat " + resource, errno);
  Result<std::unique_ptr<MmioBar>> bar =
      MmioBar::map(bar_fd.value().get(), 0, static_cast<size_t>(information.st_size), resource);
  if (!bar.ok()) return std::move(bar.status());
  // Last, so that a device that was refused reaches no memory.
  NVM_TRY(change_pci_command(config_fd, 0, kPciCommandBusMaster, 0));
  return std::unique_ptr<Transport>(
      new SysfsTransport(device, std::move(bar.value()), std::move(bar_fd.value()),
                         std::move(config.value()), std::move(pagemap_fd.value())));
}

}  // namespace nvm

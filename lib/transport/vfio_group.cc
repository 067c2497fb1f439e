// SPDX-License-Identifier: MIT
#include "transport/vfio_group.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>

#include <cstring>

#include "platform/os_failure.h"

namespace nvm {
namespace {

constexpr char kContainerPath[] = "/dev/vfio/vfio";

Result<UniqueFd> open_container() {
  UniqueFd fd(open(kContainerPath, O_RDWR | O_CLOEXEC));
  if (!fd.valid() && (errno == ENOENT || errno == ENODEV)) {
    return Status(
        ErrorCode::Target,
        std::string(kContainerPath) + " is not there: load the module (modprobe vfio-pci)", errno);
  }
  if (!fd.valid()) return os_failure(std::string("open ") + kContainerPath, errno);
  if (ioctl(fd.get(), VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
      ioctl(fd.get(), VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) != 1) {
    return Status(ErrorCode::Unsupported,
                  "the kernel's VFIO has no type 1 (v2) IOMMU: modprobe "
                  "vfio_iommu_type1, and switch the IOMMU on");
  }
  return fd;
}

Result<UniqueFd> open_group(const PciDevice& pci) {
  const std::string path = "/dev/vfio/" + pci.iommu_group;
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid() && errno == EBUSY) {
    return Status(ErrorCode::Busy,
                  path + " (IOMMU group of " + pci.address.text() + ") is open elsewhere", errno);
  }
  if (!fd.valid()) return os_failure("open " + path, errno);
  vfio_group_status status = {};
  status.argsz = sizeof status;
  if (ioctl(fd.get(), VFIO_GROUP_GET_STATUS, &status) != 0) {
    return os_failure("VFIO_GROUP_GET_STATUS of " + path, errno);
  }
  if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE)) {
    return Status(ErrorCode::Driver, "other devices of IOMMU group " + pci.iommu_group + " (" +
                                         pci.path +
                                         "/iommu_group/devices) are bound to kernel drivers");
  }
  return fd;
}

Status join(const VfioDevice& device, const PciDevice& pci) {
  int container = device.container.get();
  if (ioctl(device.group.get(), VFIO_GROUP_SET_CONTAINER, &container) != 0) {
    return os_failure("VFIO_GROUP_SET_CONTAINER of group " + pci.iommu_group, errno);
  }
  if (ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) != 0) {
    return os_failure("VFIO_SET_IOMMU (type 1 v2) of group " + pci.iommu_group, errno);
  }
  return {};
}

Result<std::vector<IoRange>> read_aperture(int container) {
  constexpr size_t kInfoBytesMax = 1u << 16;
  std::vector<std::byte> info(sizeof(vfio_iommu_type1_info));
  for (;;) {
    vfio_iommu_type1_info head = {};
    head.argsz = static_cast<uint32_t>(info.size());
    std::memcpy(info.data(), &head, sizeof head);
    if (ioctl(container, VFIO_IOMMU_GET_INFO, info.data()) != 0) {
      return os_failure("VFIO_IOMMU_GET_INFO", errno);
    }
    std::memcpy(&head, info.data(), sizeof head);
    if (head.argsz <= info.size() || head.argsz > kInfoBytesMax) break;
    info.assign(head.argsz, std::byte{0});
  }
  std::vector<IoRange> aperture = parse_iova_ranges(info);
  // Kernels before 5.4 do not say; every VT-d and AMD-Vi unit translates 39 bits.
  if (aperture.empty()) aperture.push_back({0, 1ull << 39});
  return aperture;
}

}  // namespace

std::vector<IoRange> parse_iova_ranges(std::span<const std::byte> info) {
  vfio_iommu_type1_info head;
  if (info.size() < sizeof head) return {};
  std::memcpy(&head, info.data(), sizeof head);
  std::vector<IoRange> aperture;
  if (!(head.flags & VFIO_IOMMU_INFO_CAPS)) return aperture;
  size_t at = head.cap_offset;
  // A chain has no more links than it has room for.
  for (size_t links = info.size() / sizeof(vfio_info_cap_header); links > 0 && at != 0; links--) {
    vfio_info_cap_header header;
    if (at > info.size() - sizeof header) break;
    std::memcpy(&header, info.data() + at, sizeof header);
    vfio_iommu_type1_info_cap_iova_range ranges;
    if (header.id == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE && info.size() - at >= sizeof ranges) {
      std::memcpy(&ranges, info.data() + at, sizeof ranges);
      size_t range_at = at + sizeof ranges;
      for (uint32_t i = 0; i < ranges.nr_iovas; i++, range_at += sizeof(vfio_iova_range)) {
        vfio_iova_range range;
        if (range_at + sizeof range > info.size()) break;
        std::memcpy(&range, info.data() + range_at, sizeof range);
        if (range.end < range.start) continue;
        const uint64_t last = range.end - range.start;  // all 2^64 addresses have no length
        aperture.push_back({range.start, last == UINT64_MAX ? last : last + 1});
      }
    }
    at = header.next;
  }
  return aperture;
}

Result<VfioDevice> open_vfio_device(const PciDevice& pci) {
  if (pci.iommu_group.empty()) {
    return Status(ErrorCode::Unsupported,
                  pci.address.text() +
                      " has no IOMMU group: switch the IOMMU on (intel_iommu=on), "
                      "or unbind the device to use it through sysfs");
  }
  VfioDevice opened;
  Result<UniqueFd> container = open_container();
  if (!container.ok()) return std::move(container.status());
  opened.container = std::move(container.value());
  Result<UniqueFd> group = open_group(pci);
  if (!group.ok()) return std::move(group.status());
  opened.group = std::move(group.value());
  NVM_TRY(join(opened, pci));
  Result<std::vector<IoRange>> aperture = read_aperture(opened.container.get());
  if (!aperture.ok()) return std::move(aperture.status());
  opened.aperture = std::move(aperture.value());
  const std::string address = pci.address.text();
  opened.device.reset(ioctl(opened.group.get(), VFIO_GROUP_GET_DEVICE_FD, address.c_str()));
  if (!opened.device.valid()) return os_failure("VFIO_GROUP_GET_DEVICE_FD of " + address, errno);
  return opened;
}

Result<VfioRegion> find_vfio_region(const VfioDevice& device, uint32_t index) {
  vfio_region_info info = {};
  info.argsz = sizeof info;
  info.index = index;
  if (ioctl(device.device.get(), VFIO_DEVICE_GET_REGION_INFO, &info) != 0) {
    return os_failure("VFIO_DEVICE_GET_REGION_INFO of region " + std::to_string(index), errno);
  }
  return VfioRegion{info.offset, info.size, (info.flags & VFIO_REGION_INFO_FLAG_MMAP) != 0};
}

}  // namespace nvm

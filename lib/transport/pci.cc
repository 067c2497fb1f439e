// SPDX-License-Identifier: MIT
#include "transport/pci.h"

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace nvm {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kNvmeClassCode = 0x010802;  // mass storage, non-volatile memory, NVM Express

// The whole of `text` as a hexadecimal number of `digits_min` to `digits_max` digits, up to `max`.
std::optional<uint32_t> parse_hex(std::string_view text, size_t digits_min, size_t digits_max,
                                  uint32_t max) {
  if (text.size() < digits_min || text.size() > digits_max) return {};
  uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size() || value > max) return {};
  return value;
}

// Everything before `separator`, which is taken off `text` with it.
std::optional<std::string_view> take_until(std::string_view& text, char separator) {
  const size_t at = text.find(separator);
  if (at == std::string_view::npos) return {};
  std::string_view head = text.substr(0, at);
  text.remove_prefix(at + 1);
  return head;
}

// The last part of what a link points to; empty when it does not exist.
std::string link_name(const fs::path& link) {
  std::error_code error;
  const fs::path target = fs::read_symlink(link, error);
  return error ? std::string() : target.filename().string();
}

std::string first_word(const fs::path& file) {
  std::string word;
  std::ifstream(file) >> word;
  return word;
}

}  // namespace

std::string PciAddress::text() const {
  char text[32];
  snprintf(text, sizeof text, "%04x:%02x:%02x.%x", domain, bus, device, function);
  return text;
}

std::optional<PciAddress> parse_pci_address(std::string_view text) {
  std::optional<uint32_t> domain = 0;
  auto head = take_until(text, ':');
  if (!head) return {};
  if (text.find(':') != std::string_view::npos) {
    domain = parse_hex(*head, 4, 8, UINT32_MAX);
    head = take_until(text, ':');
  }
  const auto device_text = take_until(text, '.');
  if (!domain || !device_text) return {};
  const auto bus = parse_hex(*head, 2, 2, 0xff);
  const auto device = parse_hex(*device_text, 2, 2, 0x1f);
  const auto function = parse_hex(text, 1, 1, 7);
  if (!bus || !device || !function) return {};
  return PciAddress{*domain, static_cast<uint8_t>(*bus), static_cast<uint8_t>(*device),
                    static_cast<uint8_t>(*function)};
}

Result<PciDevice> read_pci_device(const PciAddress& address, const std::string& sysfs_root) {
  PciDevice device;
  device.address = address;
  device.path = sysfs_root + "/bus/pci/devices/" + address.text();
  const fs::path folder(device.path);
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return Status(ErrorCode::Target, "there is no PCI device " + address.text() + " (looked for " +
                                         device.path + "); lspci lists them");
  }
  const std::string class_text = first_word(folder / "class");
  if (class_text.starts_with("0x")) {
    device.class_code =
        parse_hex(std::string_view(class_text).substr(2), 1, 6, 0xffffff).value_or(0);
  }
  if (device.class_code != kNvmeClassCode) {
    return Status(ErrorCode::Target, "PCI device " + address.text() +
                                         " is not an NVMe controller: its class is " + class_text +
                                         ", not 0x010802");
  }
  device.driver = link_name(folder / "driver");
  device.iommu_group = link_name(folder / "iommu_group");
  if (!device.iommu_group.empty()) device.iommu_type = first_word(folder / "iommu_group" / "type");
  return device;
}

}  // namespace nvm

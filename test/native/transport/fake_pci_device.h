// SPDX-License-Identifier: MIT
// A PCI device as a folder of plain files, laid out as sysfs lays it out. BAR0 is a file, so a
// transport can map it and the test can look at what was written.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "transport/pci.h"

namespace nvm::test {

class FakePciDevice {
 public:
  static constexpr size_t kBarByteLength = 16384;

  FakePciDevice() {
    char path[] = "/tmp/peernvm-sysfs-XXXXXX";
    REQUIRE(mkdtemp(path) != nullptr);
    root_ = path;
    folder_ = root_ / "bus/pci/devices" / address.text();
    std::filesystem::create_directories(folder_);
    write("class", "0x010802\n");
    write("config", std::string(256, '\0'));
    write("enable", "0\n");
    write("reset", "");
    write("resource0", std::string(kBarByteLength, '\0'));
    write_register32(0x00, 0x3fff);      // CAP.MQES
    write_register32(0x04, 0x00000002);  // CAP.DSTRD: 16 bytes
    write_register32(0x08, 0x00010400);  // VS
  }
  ~FakePciDevice() { std::filesystem::remove_all(root_); }

  void bind_driver(const std::string& name) {
    std::filesystem::create_directory_symlink("../../drivers/" + name, folder_ / "driver");
  }
  void join_iommu_group(const std::string& number, const std::string& type) {
    const auto group = root_ / "kernel/iommu_groups" / number;
    std::filesystem::create_directories(group);
    if (!type.empty()) std::ofstream(group / "type") << type << "\n";
    std::filesystem::create_directory_symlink(group, folder_ / "iommu_group");
  }
  void write(const std::string& file, const std::string& text) {
    std::ofstream(folder_ / file, std::ios::binary) << text;
  }
  std::string read(const std::string& file) {
    std::ifstream stream(folder_ / file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  void remove(const std::string& file) { std::filesystem::remove(folder_ / file); }
  void write_register32(size_t offset, uint32_t value) {
    std::fstream stream(folder_ / "resource0", std::ios::binary | std::ios::in | std::ios::out);
    stream.seekp(static_cast<std::streamoff>(offset));
    stream.write(reinterpret_cast<const char*>(&value), sizeof value);
  }
  uint32_t read_register32(size_t offset) { return word(read("resource0"), offset); }
  uint16_t pci_command() { return static_cast<uint16_t>(word(read("config"), 4)); }

  Result<PciDevice> device() { return read_pci_device(address, root_.string()); }
  const std::filesystem::path& root() const { return root_; }

  const PciAddress address{0, 5, 0, 0};

 private:
  static uint32_t word(const std::string& bytes, size_t offset) {
    uint32_t value = 0;
    REQUIRE(bytes.size() >= offset + sizeof value);
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
  }
  std::filesystem::path root_;
  std::filesystem::path folder_;
};

}  // namespace nvm::test

// SPDX-License-Identifier: MIT
// PCI addresses as people write them, and devices as sysfs shows them.
#include "transport/pci.h"

#include "transport/fake_pci_device.h"

using namespace nvm;
using nvm::test::FakePciDevice;

TEST_CASE("an address is read with and without its domain") {
  CHECK(parse_pci_address("05:00.0")->text() == "0000:05:00.0");
  CHECK(parse_pci_address("0000:5e:1f.7")->text() == "0000:5e:1f.7");
  CHECK(parse_pci_address("10000:e1:00.0")->text() == "10000:e1:00.0");
  CHECK(parse_pci_address("0000:AB:00.0")->bus == 0xab);
}

TEST_CASE("what is no address is not taken for one") {
  for (const char* text : {"",
                           ":",
                           ".",
                           "05",
                           "05:00",
                           "05:00.",
                           "05:00.8",
                           "05:20.0",
                           "5:00.0",
                           "005:00.0",
                           "05:00.00",
                           "0000:05:00.0 ",
                           " 05:00.0",
                           "0x05:00.0",
                           "000:05:00.0",
                           "0000:05:00:0.0",
                           "gg:00.0",
                           "05:00.0/",
                           "-5:00.0",
                           "disk.img",
                           "0000:05:00.0.img",
                           "::05:00.0",
                           "123456789:05:00.0"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_pci_address(text).has_value());
  }
}

TEST_CASE("a device's driver and IOMMU group are read from its links") {
  FakePciDevice fake;
  Result<PciDevice> bare = fake.device();
  REQUIRE(bare.ok());
  CHECK(bare.value().class_code == 0x010802);
  CHECK(bare.value().driver.empty());
  CHECK(bare.value().iommu_group.empty());

  fake.bind_driver("vfio-pci");
  fake.join_iommu_group("17", "DMA-FQ");
  Result<PciDevice> bound = fake.device();
  REQUIRE(bound.ok());
  CHECK(bound.value().driver == "vfio-pci");
  CHECK(bound.value().iommu_group == "17");
  CHECK(bound.value().iommu_type == "DMA-FQ");
}

TEST_CASE("a device that is not there, or is no NVMe controller, is ERR_TARGET") {
  FakePciDevice fake;
  Result<PciDevice> absent = read_pci_device({0, 9, 0, 0}, fake.root().string());
  REQUIRE_FALSE(absent.ok());
  CHECK(absent.status().failure().code == ErrorCode::Target);
  CHECK(absent.status().failure().detail.find("no PCI device 0000:09:00.0") != std::string::npos);

  for (const char* text : {"0x020000\n", "", "0xzz", "0x0108020\n"}) {
    CAPTURE(text);
    fake.write("class", text);
    Result<PciDevice> other = fake.device();
    REQUIRE_FALSE(other.ok());
    CHECK(other.status().failure().code == ErrorCode::Target);
    CHECK(other.status().failure().detail.find("not an NVMe controller") != std::string::npos);
  }
}

// SPDX-License-Identifier: MIT
#include "vfio_user/reply.h"

#include <doctest/doctest.h>

#include "vfio_user/wire.h"

using namespace nvm::vfio_user;
using namespace nvm::vfio_user::test;

TEST_CASE("every reply that ends too early is refused") {
  const RegionAccessBody access{0, 0, 8};
  const Bytes version = with_tail(join(VersionBody{0, 1}), zeros(1));
  const Bytes region = join(RegionInfoBody{64, 0xf, 0, 32, 0x4000, 0}, SparseMapHead{1, 1, 0, 1, 0},
                            SparseArea{0x1000, 0x1000});
  const Bytes read = with_tail(join(access), zeros(8));
  const Bytes info = join(DeviceInfoBody{16, 3, 9, 5});
  const Bytes irqs = join(IrqInfoBody{16, 1, 2, 9});
  CHECK(parse_version_reply(version));
  CHECK(parse_region_info_reply(0, region));
  CHECK(parse_region_read_reply(access, read));
  CHECK(parse_device_info_reply(info));
  CHECK(parse_irq_info_reply(2, irqs));
  const auto head = [](const Bytes& whole, size_t length) {
    return std::span(whole).first(length);
  };
  for (size_t i = 0; i < 4; i++) CHECK_FALSE(parse_version_reply(head(version, i)));
  for (size_t i = 0; i < 64; i++) CHECK_FALSE(parse_region_info_reply(0, head(region, i)));
  for (size_t i = 0; i < 24; i++) CHECK_FALSE(parse_region_read_reply(access, head(read, i)));
  for (size_t i = 0; i < 16; i++) CHECK_FALSE(parse_device_info_reply(head(info, i)));
  for (size_t i = 0; i < 16; i++) CHECK_FALSE(parse_irq_info_reply(2, head(irqs, i)));
}

TEST_CASE("a server's bounds are read; one that names none has the protocol's") {
  const auto silent = parse_version_reply(join(VersionBody{0, 0}));
  REQUIRE(silent);
  CHECK(silent->body.minor == 0);
  CHECK(silent->capabilities.dma_maps_max == 65535);
  CHECK(silent->capabilities.page_sizes == 4096);
  const std::string_view json =
      R"({"capabilities":{"max_msg_fds":8,"max_dma_maps":16,"pgsizes":12288}})";
  const auto bounded = parse_version_reply(
      with_tail(with_tail(join(VersionBody{0, 1}), std::as_bytes(std::span(json))), zeros(9)));
  REQUIRE(bounded);
  CHECK(bounded->capabilities.fds_max == 8);
  CHECK(bounded->capabilities.dma_maps_max == 16);
  CHECK(bounded->capabilities.page_sizes == 12288);
}

TEST_CASE("the areas of a region are found behind other capabilities, and a cut answer has none") {
  const Bytes region =
      join(RegionInfoBody{88, 0xf, 0, 32, 0x4000, 0x10000}, CapabilityHead{9, 1, 40},
           SparseMapHead{1, 1, 0, 2, 0}, SparseArea{0, 0x1000}, SparseArea{0x1000, 0x3000});
  const auto parsed = parse_region_info_reply(0, region);
  REQUIRE(parsed);
  REQUIRE(parsed->areas.size() == 2);
  CHECK(parsed->areas[1].offset == 0x1000);
  CHECK(parsed->areas[1].byte_length == 0x3000);
  CHECK(parsed->body.file_offset == 0x10000);
  const auto cut = parse_region_info_reply(0, join(RegionInfoBody{88, 7, 0, 0, 0x4000, 0}));
  REQUIRE(cut);
  CHECK(cut->areas.empty());
  CHECK(cut->body.argsz == 88);
}

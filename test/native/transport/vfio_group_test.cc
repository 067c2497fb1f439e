// SPDX-License-Identifier: MIT
// What the kernel says of its IOMMU, also when it is cut short or makes no sense.
#include "transport/vfio_group.h"

#include <doctest/doctest.h>
#include <linux/vfio.h>

#include <cstring>
#include <random>

using namespace nvm;

namespace {

// An answer of the kernel, put together piece by piece.
class Answer {
 public:
  Answer() {
    vfio_iommu_type1_info head = {};
    head.flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS;
    head.cap_offset = sizeof head;
    append(head);
  }
  template <class Part>
  void append(const Part& part) {
    const auto* from = reinterpret_cast<const std::byte*>(&part);
    bytes_.insert(bytes_.end(), from, from + sizeof part);
  }
  // Announces `range_count` ranges, whatever `ranges` holds.
  void append_ranges(const std::vector<vfio_iova_range>& ranges, uint32_t range_count) {
    vfio_iommu_type1_info_cap_iova_range capability = {};
    capability.header.id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE;
    capability.nr_iovas = range_count;
    append(capability);
    for (const vfio_iova_range& range : ranges) append(range);
  }
  void append_other_capability() {
    vfio_info_cap_header header = {};
    header.id = VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL;
    header.next = static_cast<uint32_t>(bytes_.size() + sizeof header);
    append(header);
  }
  std::vector<std::byte>& bytes() { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace

TEST_CASE("ranges are found behind other capabilities, their ends inclusive") {
  Answer answer;
  answer.append_other_capability();
  answer.append_ranges({{0, 0xfedfffff}, {0xfef00000, 0x7fffffffff}}, 2);
  const std::vector<IoRange> ranges = parse_iova_ranges(answer.bytes());
  REQUIRE(ranges.size() == 2);
  CHECK(ranges[0].first == 0);
  CHECK(ranges[0].byte_length == 0xfee00000);
  CHECK(ranges[1].first == 0xfef00000);
  CHECK(ranges[1].byte_length == 0x8000000000 - 0xfef00000);
}

TEST_CASE("more ranges announced than given, and a chain that circles, end") {
  Answer short_answer;
  short_answer.append_ranges({{0x1000, 0x1fff}}, 1'000'000);
  CHECK(parse_iova_ranges(short_answer.bytes()).size() == 1);

  Answer circle;
  vfio_info_cap_header header = {};
  header.next = sizeof(vfio_iommu_type1_info);
  circle.append(header);
  CHECK(parse_iova_ranges(circle.bytes()).empty());
}

TEST_CASE("no capability, no room, or noise gives no read outside of the answer") {
  CHECK(parse_iova_ranges({}).empty());
  Answer answer;
  answer.append_ranges({{0x1000, 0x1fff}}, 1);
  for (size_t size = 0; size < answer.bytes().size(); size++) {
    // On the heap in its exact size, for the address sanitizer to see.
    std::vector<std::byte> cut(answer.bytes().begin(),
                               answer.bytes().begin() + static_cast<ptrdiff_t>(size));
    cut.shrink_to_fit();
    CHECK(parse_iova_ranges(cut).empty());
  }
  std::mt19937 random(1);
  for (int round = 0; round < 2000; round++) {
    std::vector<std::byte> noise(answer.bytes());
    for (int i = 0; i < 4; i++) noise[random() % noise.size()] = std::byte(random());
    CHECK(parse_iova_ranges(noise).size() <= 1);
  }
}

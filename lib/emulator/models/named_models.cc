// SPDX-License-Identifier: MIT
#include "emulator/models/named_models.h"

#include <algorithm>
#include <iterator>

#include "emulator/models/latency_bandwidth_model.h"
#include "emulator/models/page_mapped_ftl.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kMiB = 1ull << 20;
constexpr uint64_t kGiB = 1ull << 30;
constexpr uint64_t kTiB = 1ull << 40;

// Intel Optane DC P4800X.
constexpr DirectionTiming kP4800xRead = {12'000, kGiB * 24 / 10};
constexpr DirectionTiming kP4800xWrite = {14'000, kGiB * 2};

// Samsung 970 PRO.
constexpr FlashDrive k970Pro = {
    .partitions = 4,
    .channels = 8,
    .luns_per_channel = 2,
    .flash_page_byte_length = 32 << 10,
    .blocks_per_lun = 8192,
    .overprovisioning_percent = 7,
    .nand = {.read_4k_ns = {29'760, 41'760},
             .read_page_ns = {30'013, 42'013},
             .program_ns = 185'000,
             .erase_ns = 0,
             .channel_bytes_per_second = 800 * kMiB,
             .channel_transfer_max = 16 << 10},
    .pcie_bytes_per_second = 3360 * kMiB,
    .firmware_read_short_ns = 21'500,
    .firmware_read_ns = 30'490,
    .write_buffer_byte_length = 1 << 20,
    .write_buffer_ns = 4'000,
    .write_buffer_per_page_ns = 460,
};

constexpr NamedModel kModels[] = {
    {"p4800x", UINT64_MAX,
     [](uint64_t) -> std::unique_ptr<TimingModel> {
       return std::make_unique<LatencyBandwidthModel>(kP4800xRead, kP4800xWrite);
     }},
    {"970pro", kTiB,
     [](uint64_t byte_length) -> std::unique_ptr<TimingModel> {
       return std::make_unique<PageMappedFtl>(k970Pro, byte_length);
     }},
};

}  // namespace

std::span<const NamedModel> named_models() {
  return kModels;
}

const NamedModel* find_named_model(std::string_view name) {
  const auto* found = std::find_if(std::begin(kModels), std::end(kModels),
                                   [=](const NamedModel& each) { return each.name == name; });
  return found == std::end(kModels) ? nullptr : found;
}

}  // namespace nvm::emulator

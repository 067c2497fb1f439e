// SPDX-License-Identifier: MIT
// What a server answers, as a client reads it: bytes in, a checked answer or nothing out. Pure
// functions, as those of message.h for the other direction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "vfio_user/message.h"

namespace nvm::vfio_user {

struct VersionReply {
  VersionBody body;
  PeerCapabilities capabilities;
};

struct RegionInfoReply {
  RegionInfoBody body;
  std::vector<SparseArea> areas;  // those that may be mapped; whole pages within the region
};

// Nothing when it is not what the protocol has a server say to that request. Longer payloads than
// needed are accepted.
std::optional<VersionReply> parse_version_reply(std::span<const std::byte> payload);
std::optional<DeviceInfoBody> parse_device_info_reply(std::span<const std::byte> payload);
std::optional<IrqInfoBody> parse_irq_info_reply(uint32_t index, std::span<const std::byte> payload);
// An answer that was cut, as `body.argsz` is larger than what was asked for, has no areas.
std::optional<RegionInfoReply> parse_region_info_reply(uint32_t index,
                                                       std::span<const std::byte> payload);
// The data of a read, as long as was asked for.
std::optional<std::span<const std::byte>> parse_region_read_reply(
    const RegionAccessBody& asked, std::span<const std::byte> payload);

}  // namespace nvm::vfio_user

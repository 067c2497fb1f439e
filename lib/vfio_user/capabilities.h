// SPDX-License-Identifier: MIT
// What both ends say about themselves in VERSION: a JSON object, ours to write and the other end's
// to read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace nvm::vfio_user {

// Bounds on what the other end may send, advertised to it.
constexpr uint32_t kDataByteLengthMax = 0x10000;
constexpr size_t kFdsPerMessageMax = 16;
constexpr size_t kDmaRegionsMax = 16384;
constexpr uint64_t kDmaPageByteLength = 4096;

// Bounds on what we may send; as the protocol has them for an end that names none.
struct PeerCapabilities {
  uint64_t fds_max = 1;                               // descriptors in one message
  uint64_t data_byte_length_max = uint64_t{1} << 20;  // bytes of data in one message
  uint64_t dma_maps_max = 65535;                      // regions mapped at the same time
  uint64_t page_sizes = kDmaPageByteLength;           // of these regions, one bit for each
};

// Nothing when `json` is not a JSON object, or has something else where a bound should be. An empty
// text is no object, and says nothing.
std::optional<PeerCapabilities> parse_capabilities(std::string_view json);

// Ours, without a final NUL.
std::string_view capabilities_json();

}  // namespace nvm::vfio_user

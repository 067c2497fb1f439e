// SPDX-License-Identifier: MIT
// The vfio-user protocol as it is on the wire, and its bounded parsing: bytes and a count of
// descriptors in, a checked request or an errno out. Pure functions: no input or output, no state,
// nothing of a device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "vfio_user/capabilities.h"

namespace nvm::vfio_user {

constexpr uint32_t kMessageByteLengthMax = 64 + kDataByteLengthMax;

constexpr uint16_t kMajorVersion = 0;
constexpr uint16_t kMinorVersion = 1;

enum class CommandCode : uint16_t {
  Version = 1,
  DmaMap = 2,
  DmaUnmap = 3,
  DeviceGetInfo = 4,
  DeviceGetRegionInfo = 5,
  DeviceGetIrqInfo = 7,
  DeviceSetIrqs = 8,
  RegionRead = 9,
  RegionWrite = 10,
  DmaRead = 11,   // from us to the client,
  DmaWrite = 12,  // as this one
  DeviceReset = 13,
};

struct Header {
  uint16_t message_id;
  uint16_t command;
  uint32_t byte_length;  // of the whole message, this header included
  uint32_t flags;
  uint32_t error;
};
static_assert(sizeof(Header) == 16 && offsetof(Header, flags) == 8);

namespace header_flag {
constexpr uint32_t type_mask = 0xf;
constexpr uint32_t type_command = 0;
constexpr uint32_t type_reply = 1;
constexpr uint32_t no_reply = 1u << 4;
constexpr uint32_t error = 1u << 5;
}  // namespace header_flag

// Fixed parts of the payloads.
struct VersionBody {
  uint16_t major;
  uint16_t minor;
};
static_assert(sizeof(VersionBody) == 4);

namespace dma_flag {
constexpr uint32_t read = 1;
constexpr uint32_t write = 2;
constexpr uint32_t unmap_dirty_bitmap = 1;
constexpr uint32_t unmap_all = 2;
}  // namespace dma_flag

struct DmaMapBody {
  uint32_t argsz;
  uint32_t flags;
  uint64_t offset;
  uint64_t address;
  uint64_t byte_length;
};
static_assert(sizeof(DmaMapBody) == 32 && offsetof(DmaMapBody, offset) == 8);

struct DmaUnmapBody {
  uint32_t argsz;
  uint32_t flags;
  uint64_t address;
  uint64_t byte_length;
};
static_assert(sizeof(DmaUnmapBody) == 24 && offsetof(DmaUnmapBody, address) == 8);

namespace device_flag {
constexpr uint32_t reset = 1;
constexpr uint32_t pci = 2;
}  // namespace device_flag

struct DeviceInfoBody {
  uint32_t argsz;
  uint32_t flags;
  uint32_t region_count;
  uint32_t irq_count;
};
static_assert(sizeof(DeviceInfoBody) == 16);

namespace region_flag {
constexpr uint32_t read = 1;
constexpr uint32_t write = 2;
constexpr uint32_t mmap = 4;
constexpr uint32_t capabilities = 8;
}  // namespace region_flag

struct RegionInfoBody {
  uint32_t argsz;
  uint32_t flags;
  uint32_t index;
  uint32_t capability_offset;
  uint64_t byte_length;
  uint64_t file_offset;
};
static_assert(sizeof(RegionInfoBody) == 32 && offsetof(RegionInfoBody, byte_length) == 16);

// What every capability in the answer to GET_REGION_INFO begins with; `next` counts from the start
// of the payload, 0: none.
struct CapabilityHead {
  uint16_t id;
  uint16_t version;
  uint32_t next;
};
static_assert(sizeof(CapabilityHead) == 8);

// Capability of a region of which only parts can be mapped.
constexpr uint16_t kSparseMapCapability = 1;

struct SparseMapHead {
  uint16_t id;
  uint16_t version;
  uint32_t next;
  uint32_t area_count;
  uint32_t reserved;
};
static_assert(sizeof(SparseMapHead) == 16);

struct SparseArea {
  uint64_t offset;
  uint64_t byte_length;
};
static_assert(sizeof(SparseArea) == 16);

namespace irq_index {
constexpr uint32_t pin = 0;
constexpr uint32_t msi = 1;
constexpr uint32_t msix = 2;
constexpr uint32_t error = 3;
constexpr uint32_t release_request = 4;
constexpr uint32_t count = 5;
}  // namespace irq_index

namespace irq_flag {
constexpr uint32_t eventfd = 1;
constexpr uint32_t maskable = 2;
constexpr uint32_t automasked = 4;
}  // namespace irq_flag

struct IrqInfoBody {
  uint32_t argsz;
  uint32_t flags;
  uint32_t index;
  uint32_t count;
};
static_assert(sizeof(IrqInfoBody) == 16);

namespace irq_set_flag {
constexpr uint32_t data_none = 1;
constexpr uint32_t data_bool = 2;
constexpr uint32_t data_eventfd = 4;
constexpr uint32_t data_mask = 7;
constexpr uint32_t action_mask = 8;
constexpr uint32_t action_unmask = 16;
constexpr uint32_t action_trigger = 32;
constexpr uint32_t action_bits = 56;
}  // namespace irq_set_flag

struct IrqSetBody {
  uint32_t argsz;
  uint32_t flags;
  uint32_t index;
  uint32_t start;
  uint32_t count;
};
static_assert(sizeof(IrqSetBody) == 20);

struct RegionAccessBody {
  uint64_t offset;
  uint32_t region;
  uint32_t count;
};
static_assert(sizeof(RegionAccessBody) == 16 && offsetof(RegionAccessBody, region) == 8);

struct DmaAccessBody {
  uint64_t address;
  uint64_t count;
};
static_assert(sizeof(DmaAccessBody) == 16);

// What a message asks for. Spans point into the message's payload.
struct Refused {
  int os_error;
};
struct VersionRequest {
  VersionBody body;
  PeerCapabilities capabilities;
};
struct DmaMapRequest {
  DmaMapBody body;
};
struct DmaUnmapRequest {
  DmaUnmapBody body;
};
struct DeviceInfoRequest {
  DeviceInfoBody body;
};
struct RegionInfoRequest {
  RegionInfoBody body;
};
struct IrqInfoRequest {
  IrqInfoBody body;
};
struct IrqSetRequest {
  IrqSetBody body;
  std::span<const std::byte> flags;  // one per vector, for data_bool
};
struct RegionReadRequest {
  RegionAccessBody body;
};
struct RegionWriteRequest {
  RegionAccessBody body;
  std::span<const std::byte> data;
};
struct ResetRequest {};

using Request = std::variant<Refused, VersionRequest, DmaMapRequest, DmaUnmapRequest,
                             DeviceInfoRequest, RegionInfoRequest, IrqInfoRequest, IrqSetRequest,
                             RegionReadRequest, RegionWriteRequest, ResetRequest>;

// The header of a command or a reply; nothing when it cannot be one (a length out of bounds): where
// the next message starts is then unknown, and the connection must be dropped.
std::optional<Header> parse_header(std::span<const std::byte, sizeof(Header)> bytes);

// The request in `payload`, with `fd_count` descriptors that came along. Longer payloads than
// needed are accepted. Everything that can be judged without knowing the device has been judged.
Request parse_request(const Header& header, std::span<const std::byte> payload, size_t fd_count);

inline bool is_reply(const Header& header) {
  return (header.flags & header_flag::type_mask) == header_flag::type_reply;
}

// A message to the other end and a descriptor to send with it (borrowed; −1: none).
struct Message {
  std::vector<std::byte> bytes;
  int fd = -1;
};

// A command with `parts` as payload, one after the other. `flags`: 0, or header_flag::no_reply.
Message make_command(CommandCode code, uint16_t message_id, uint32_t flags,
                     std::initializer_list<std::span<const std::byte>> parts = {});
// A reply to `header` with `parts` as payload, one after the other.
Message make_reply(const Header& header,
                   std::initializer_list<std::span<const std::byte>> parts = {});
// An error reply: the header alone, with `os_error` in it.
Message make_error_reply(const Header& header, int os_error);

// The reply to GET_REGION_INFO, cut to what `argsz` of the request has room for: then argsz says
// how much it takes, and neither capabilities, the flag of these, nor the descriptor are there.
struct RegionDescription {
  uint64_t byte_length = 0;
  uint32_t flags = 0;                    // region_flag read and write
  std::span<const SparseArea> mappable;  // areas that a client may map, at these offsets of `fd`
  int fd = -1;
};
Message make_region_info_reply(const Header& header, const RegionInfoBody& request,
                               const RegionDescription& region);

template <class T>
std::span<const std::byte> as_bytes_of(const T& value) {
  return std::as_bytes(std::span<const T, 1>(&value, 1));
}

}  // namespace nvm::vfio_user

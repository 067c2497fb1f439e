// SPDX-License-Identifier: MIT
#include "vfio_user/message.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace nvm::vfio_user {
namespace {

// The fixed part of a payload, when the payload is long enough for it.
template <class Body>
bool read_body(std::span<const std::byte> payload, Body& body) {
  if (payload.size() < sizeof(Body)) return false;
  std::memcpy(&body, payload.data(), sizeof(Body));
  return true;
}

// The fixed part of a payload that begins with its own length.
template <class Body>
bool read_sized_body(std::span<const std::byte> payload, Body& body) {
  return read_body(payload, body) && body.argsz >= sizeof(Body);
}

bool is_page_range(uint64_t address, uint64_t byte_length) {
  return address % kDmaPageByteLength == 0 && byte_length % kDmaPageByteLength == 0 &&
         byte_length != 0 && address + (byte_length - 1) >= address;
}

Request parse_version(std::span<const std::byte> payload) {
  VersionBody body;
  if (!read_body(payload, body)) return Refused{EINVAL};
  if (body.major != kMajorVersion) return Refused{EINVAL};
  if (payload.size() == sizeof body) return VersionRequest{body, {}};
  // What follows the NUL is padding.
  const auto* text = reinterpret_cast<const char*>(payload.data() + sizeof body);
  const std::string_view rest(text, payload.size() - sizeof body);
  const size_t end = rest.find('\0');
  if (end == std::string_view::npos) return Refused{EINVAL};
  std::optional<PeerCapabilities> capabilities = parse_capabilities(rest.substr(0, end));
  if (!capabilities) return Refused{EINVAL};
  return VersionRequest{body, *capabilities};
}

Request parse_dma_map(std::span<const std::byte> payload, size_t fd_count) {
  DmaMapBody body;
  if (!read_sized_body(payload, body) || fd_count > 1) return Refused{EINVAL};
  constexpr uint32_t known = dma_flag::read | dma_flag::write;
  if ((body.flags & ~known) != 0 || (body.flags & known) == 0) return Refused{EINVAL};
  if (!is_page_range(body.address, body.byte_length)) return Refused{EINVAL};
  if (fd_count == 1 && !is_page_range(body.offset, body.byte_length)) return Refused{EINVAL};
  return DmaMapRequest{body};
}

Request parse_dma_unmap(std::span<const std::byte> payload) {
  DmaUnmapBody body;
  if (!read_sized_body(payload, body)) return Refused{EINVAL};
  if (body.flags & dma_flag::unmap_dirty_bitmap) return Refused{ENOTSUP};
  if (body.flags == dma_flag::unmap_all) {
    if (body.address != 0 || body.byte_length != 0) return Refused{EINVAL};
  } else if (body.flags != 0 || !is_page_range(body.address, body.byte_length)) {
    return Refused{EINVAL};
  }
  return DmaUnmapRequest{body};
}

Request parse_irq_set(std::span<const std::byte> payload, size_t fd_count) {
  IrqSetBody body;
  if (!read_sized_body(payload, body)) return Refused{EINVAL};
  uint32_t data = body.flags & irq_set_flag::data_mask;
  uint32_t action = body.flags & irq_set_flag::action_bits;
  if (body.flags != (data | action) || (action & (action - 1)) != 0 || action == 0) {
    return Refused{EINVAL};
  }
  if (body.start + body.count < body.start) return Refused{EINVAL};
  auto rest = payload.subspan(sizeof body);
  switch (data) {
    case irq_set_flag::data_none:
      return IrqSetRequest{body, {}};
    case irq_set_flag::data_bool:
      if (rest.size() < body.count) return Refused{EINVAL};
      return IrqSetRequest{body, rest.first(body.count)};
    case irq_set_flag::data_eventfd:
      // Without any descriptor, the vectors lose theirs.
      if (fd_count != 0 && fd_count != body.count) return Refused{EINVAL};
      if (action != irq_set_flag::action_trigger) return Refused{ENOTSUP};
      return IrqSetRequest{body, {}};
    default:
      return Refused{EINVAL};
  }
}

Request parse_region_read(std::span<const std::byte> payload) {
  RegionAccessBody body;
  if (!read_body(payload, body)) return Refused{EINVAL};
  if (body.count == 0 || body.count > kDataByteLengthMax) return Refused{EINVAL};
  return RegionReadRequest{body};
}

Request parse_region_write(std::span<const std::byte> payload) {
  RegionAccessBody body;
  if (!read_body(payload, body)) return Refused{EINVAL};
  auto rest = payload.subspan(sizeof body);
  if (body.count == 0 || body.count > rest.size()) return Refused{EINVAL};
  return RegionWriteRequest{body, rest.first(body.count)};
}

template <class Body, class RequestType>
Request parse_info(std::span<const std::byte> payload) {
  Body body;
  if (!read_sized_body(payload, body)) return Refused{EINVAL};
  return RequestType{body};
}

// `header` with the length of the whole, then `parts`.
Message make_message(Header header, std::initializer_list<std::span<const std::byte>> parts) {
  size_t byte_length = sizeof(Header);
  for (auto part : parts) byte_length += part.size();
  header.byte_length = static_cast<uint32_t>(byte_length);
  Message result;
  result.bytes.resize(byte_length);
  const auto head = as_bytes_of(header);
  auto to = std::copy(head.begin(), head.end(), result.bytes.begin());
  for (auto part : parts) to = std::copy(part.begin(), part.end(), to);
  return result;
}

}  // namespace

std::optional<Header> parse_header(std::span<const std::byte, sizeof(Header)> bytes) {
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.byte_length < sizeof(Header) || header.byte_length > kMessageByteLengthMax) return {};
  if ((header.flags & header_flag::type_mask) > header_flag::type_reply) return {};
  return header;
}

Request parse_request(const Header& header, std::span<const std::byte> payload, size_t fd_count) {
  switch (static_cast<CommandCode>(header.command)) {
    case CommandCode::Version:
      return parse_version(payload);
    case CommandCode::DmaMap:
      return parse_dma_map(payload, fd_count);
    case CommandCode::DmaUnmap:
      return parse_dma_unmap(payload);
    case CommandCode::DeviceGetInfo:
      return parse_info<DeviceInfoBody, DeviceInfoRequest>(payload);
    case CommandCode::DeviceGetRegionInfo:
      return parse_info<RegionInfoBody, RegionInfoRequest>(payload);
    case CommandCode::DeviceGetIrqInfo:
      return parse_info<IrqInfoBody, IrqInfoRequest>(payload);
    case CommandCode::DeviceSetIrqs:
      return parse_irq_set(payload, fd_count);
    case CommandCode::RegionRead:
      return parse_region_read(payload);
    case CommandCode::RegionWrite:
      return parse_region_write(payload);
    case CommandCode::DeviceReset:
      return ResetRequest{};
    case CommandCode::DmaRead:
    case CommandCode::DmaWrite:
      break;  // ours to send
  }
  return Refused{ENOTSUP};
}

Message make_command(CommandCode code, uint16_t message_id, uint32_t flags,
                     std::initializer_list<std::span<const std::byte>> parts) {
  return make_message({message_id, static_cast<uint16_t>(code), 0, flags, 0}, parts);
}

Message make_reply(const Header& header, std::initializer_list<std::span<const std::byte>> parts) {
  return make_message({header.message_id, header.command, 0, header_flag::type_reply, 0}, parts);
}

Message make_error_reply(const Header& header, int os_error) {
  Message reply = make_reply(header);
  Header head{header.message_id, header.command, sizeof(Header),
              header_flag::type_reply | header_flag::error, static_cast<uint32_t>(os_error)};
  std::memcpy(reply.bytes.data(), &head, sizeof head);
  return reply;
}

Message make_region_info_reply(const Header& header, const RegionInfoBody& request,
                               const RegionDescription& region) {
  RegionInfoBody body{
      sizeof(RegionInfoBody), region.flags, request.index, 0, region.byte_length, 0};
  if (region.mappable.empty()) return make_reply(header, {as_bytes_of(body)});

  SparseMapHead head{kSparseMapCapability, 1, 0, static_cast<uint32_t>(region.mappable.size()), 0};
  body.argsz += static_cast<uint32_t>(sizeof head + region.mappable.size_bytes());
  body.flags |= region_flag::mmap;
  if (request.argsz < body.argsz) return make_reply(header, {as_bytes_of(body)});

  body.flags |= region_flag::capabilities;
  body.capability_offset = sizeof body;
  Message reply =
      make_reply(header, {as_bytes_of(body), as_bytes_of(head), std::as_bytes(region.mappable)});
  reply.fd = region.fd;
  return reply;
}

}  // namespace nvm::vfio_user

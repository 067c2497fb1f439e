// SPDX-License-Identifier: MIT
#include "vfio_user/reply.h"

#include <cstring>
#include <string_view>

namespace nvm::vfio_user {
namespace {

constexpr size_t kAreasMax = 64;

template <class T>
bool read_at(std::span<const std::byte> payload, size_t offset, T& value) {
  if (offset > payload.size() || payload.size() - offset < sizeof(T)) return false;
  std::memcpy(&value, payload.data() + offset, sizeof(T));
  return true;
}

bool is_area_of(const SparseArea& area, const RegionInfoBody& region) {
  return area.byte_length != 0 && area.offset % kDmaPageByteLength == 0 &&
         area.byte_length % kDmaPageByteLength == 0 && area.offset <= region.byte_length &&
         area.byte_length <= region.byte_length - area.offset;
}

bool read_areas(std::span<const std::byte> payload, size_t offset, RegionInfoReply& reply) {
  SparseMapHead head;
  if (!read_at(payload, offset, head) || head.area_count > kAreasMax) return false;
  for (size_t i = 0; i < head.area_count; i++) {
    SparseArea area;
    if (!read_at(payload, offset + sizeof head + i * sizeof area, area)) return false;
    if (!is_area_of(area, reply.body)) return false;
    reply.areas.push_back(area);
  }
  return true;
}

// Each link of the chain lies behind the one before it, so there is an end.
bool read_capabilities(std::span<const std::byte> payload, RegionInfoReply& reply) {
  size_t least = sizeof(RegionInfoBody);
  for (size_t at = reply.body.capability_offset; at != 0;) {
    CapabilityHead head;
    if (at < least || !read_at(payload, at, head)) return false;
    if (head.id == kSparseMapCapability && !read_areas(payload, at, reply)) return false;
    least = at + sizeof head;
    at = head.next;
  }
  return true;
}

}  // namespace

std::optional<VersionReply> parse_version_reply(std::span<const std::byte> payload) {
  VersionReply reply;
  if (!read_at(payload, 0, reply.body)) return {};
  // What follows the NUL is padding.
  const auto* text = reinterpret_cast<const char*>(payload.data() + sizeof reply.body);
  const std::string_view rest(text, payload.size() - sizeof reply.body);
  const size_t end = rest.find('\0');
  if (end == std::string_view::npos && !rest.empty()) return {};
  const auto capabilities = parse_capabilities(rest.substr(0, end));
  if (!capabilities) return {};
  reply.capabilities = *capabilities;
  return reply;
}

std::optional<DeviceInfoBody> parse_device_info_reply(std::span<const std::byte> payload) {
  DeviceInfoBody body;
  if (!read_at(payload, 0, body)) return {};
  return body;
}

std::optional<IrqInfoBody> parse_irq_info_reply(uint32_t index,
                                                std::span<const std::byte> payload) {
  IrqInfoBody body;
  if (!read_at(payload, 0, body) || body.index != index) return {};
  return body;
}

std::optional<RegionInfoReply> parse_region_info_reply(uint32_t index,
                                                       std::span<const std::byte> payload) {
  RegionInfoReply reply;
  if (!read_at(payload, 0, reply.body) || reply.body.index != index) return {};
  if ((reply.body.flags & region_flag::capabilities) != 0 && !read_capabilities(payload, reply)) {
    return {};
  }
  return reply;
}

std::optional<std::span<const std::byte>> parse_region_read_reply(
    const RegionAccessBody& asked, std::span<const std::byte> payload) {
  RegionAccessBody body;
  if (!read_at(payload, 0, body) || std::memcmp(&body, &asked, sizeof body) != 0) return {};
  const auto data = payload.subspan(sizeof body);
  if (data.size() < asked.count) return {};
  return data.first(asked.count);
}

}  // namespace nvm::vfio_user

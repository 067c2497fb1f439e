// SPDX-License-Identifier: MIT
// Messages of a vfio-user client, made of a fuzzer's input: one builder for each command.
#pragma once

#include <string_view>

#include "vfio_user_client.h"

namespace nvm::fuzz {

// Mostly as many as the message wants; else 0, 1, many or too many.
inline Descriptors pick_descriptors(Input& input, Descriptor usual, size_t wanted) {
  constexpr size_t kCounts[] = {
      0, 1, 2, vfio_user::kFdsPerMessageMax, vfio_user::kFdsPerMessageMax + 1, 31};
  const uint64_t how = input.below(8);
  if (how > 2) return {usual, wanted};
  return {how == 0 ? static_cast<Descriptor>(input.below(4)) : usual, input.pick(kCounts)};
}

// A region, and an access to it near its edges or anywhere.
inline vfio_user::RegionAccessBody pick_access(Input& input) {
  constexpr struct {
    uint32_t region;
    uint64_t byte_length;
  } kRegions[] = {{0, vfio_user::kBar0ByteLength},
                  {4, vfio_user::kMsixTableByteLength},
                  {5, vfio_user::kPendingBitsByteLength},
                  {7, vfio_user::kConfigByteLength}};
  constexpr uint32_t kCounts[] = {1, 2, 4, 8, 16, 64};
  const auto& region = input.pick(kRegions);
  vfio_user::RegionAccessBody body{0, region.region, input.pick(kCounts)};
  switch (input.below(8)) {
    case 0:
      body.offset = region.byte_length - body.count;
      break;
    case 1:
      body.offset = region.byte_length - input.u8();
      break;
    case 2:
      body.offset = input.u64();
      break;
    case 3:
      body = {input.u64(), static_cast<uint32_t>(input.below(12)), input.u32()};
      break;
    case 4:
      body.count = input.u16();
      break;
    case 5:
      body.offset = input.u8() * 4u;  // capabilities, the first vectors, registers
      break;
    default:
      body.offset = input.u16() * 4u % region.byte_length;
      break;
  }
  return body;
}

inline void send_version(Input& input, Client& client) {
  constexpr std::string_view kTexts[] = {
      "",
      R"({"capabilities":{"max_msg_fds":8,"max_data_xfer_size":4096}})",
      R"({"capabilities":{"max_data_xfer_size":1,"migration":{"pgsize":4096},"a":[1,true,null]}})",
      R"({"capabilities":{"max_msg_fds":99999999999999999999}})",
      R"({"capabilities":)",
  };
  const auto major = static_cast<uint16_t>(input.below(16) == 0 ? input.u8() : 0);
  Payload payload = payload_of(vfio_user::VersionBody{major, input.u8()});
  const std::string_view text = input.pick(kTexts);
  const auto bytes = std::as_bytes(std::span(text));
  payload.insert(payload.end(), bytes.begin(), bytes.end());
  const auto more = std::as_bytes(input.bytes(input.below(8) == 0 ? input.u8() : 0));
  payload.insert(payload.end(), more.begin(), more.end());
  if (input.below(8) != 0) payload.push_back(std::byte{0});
  client.call_anyhow(input, vfio_user::CommandCode::Version, payload,
                     pick_descriptors(input, Descriptor::Other, 0));
}

// An address at, in or beside what is mapped at first.
inline uint64_t pick_mapping(Input& input) {
  const uint64_t base = input.below(2) == 0 ? kMappedAddress : kRemoteAddress;
  if (input.below(16) == 0) return input.u64();
  return base + (input.below(4) == 0 ? input.below(40) * kPageByteLength : 0);
}

inline uint64_t pick_length(Input& input) {
  if (input.below(8) == 0) return input.u64();
  return input.below(2) == 0 ? kClientMemoryBytes : input.below(20) * kPageByteLength;
}

inline void send_dma_map(Input& input, Client& client) {
  constexpr uint32_t kBodyBytes = sizeof(vfio_user::DmaMapBody);
  vfio_user::DmaMapBody body{kBodyBytes, static_cast<uint32_t>(input.below(4)), 0,
                             pick_mapping(input), pick_length(input)};
  if (input.below(16) == 0) body.argsz = input.u8();
  if (input.below(4) == 0) body.offset = input.below(20) * kPageByteLength;
  if (input.below(16) == 0) body.offset = input.u64();
  client.call_anyhow(input, vfio_user::CommandCode::DmaMap, payload_of(body),
                     pick_descriptors(input, Descriptor::Memory, input.below(2)));
}

inline void send_dma_unmap(Input& input, Client& client) {
  constexpr uint32_t kBodyBytes = sizeof(vfio_user::DmaUnmapBody);
  vfio_user::DmaUnmapBody body{kBodyBytes, 0, pick_mapping(input), pick_length(input)};
  if (input.below(8) == 0) body.flags = input.u8() & 7;
  if (input.below(8) == 0) body = {kBodyBytes, vfio_user::dma_flag::unmap_all, 0, 0};
  client.call_anyhow(input, vfio_user::CommandCode::DmaUnmap, payload_of(body),
                     pick_descriptors(input, Descriptor::Memory, 0));
}

inline void send_info(Input& input, Client& client) {
  using vfio_user::CommandCode;
  constexpr CommandCode kCodes[] = {CommandCode::DeviceGetInfo, CommandCode::DeviceGetRegionInfo,
                                    CommandCode::DeviceGetIrqInfo};
  const vfio_user::RegionInfoBody body{
      input.below(2) == 0 ? 4096u : input.u8(), 0, static_cast<uint32_t>(input.below(12)), 0, 0, 0};
  client.call_anyhow(input, input.pick(kCodes), payload_of(body),
                     pick_descriptors(input, Descriptor::Other, 0));
}

inline void send_irq_set(Input& input, Client& client) {
  namespace flag = vfio_user::irq_set_flag;
  constexpr uint32_t kData[] = {flag::data_eventfd, flag::data_none, flag::data_bool};
  constexpr uint32_t kActions[] = {flag::action_trigger, flag::action_mask, flag::action_unmask};
  constexpr uint32_t kIndices[] = {vfio_user::irq_index::msix, vfio_user::irq_index::pin,
                                   vfio_user::irq_index::error,
                                   vfio_user::irq_index::release_request};
  vfio_user::IrqSetBody body{sizeof body, input.pick(kData) | input.pick(kActions),
                             input.pick(kIndices), 0, 1};
  if (input.below(2) == 0) {
    body.start = input.below(8) == 0 ? input.u32() : static_cast<uint32_t>(input.below(132));
    body.count = input.below(8) == 0 ? input.u32() : static_cast<uint32_t>(input.below(20));
  }
  if (input.below(8) == 0) body.flags = input.u8();
  if (input.below(16) == 0) body.index = input.u8();
  Payload payload = payload_of(body);
  const auto values = std::as_bytes(input.bytes(input.below(4) == 0 ? input.u8() : 4));
  payload.insert(payload.end(), values.begin(), values.end());
  const bool with_events = (body.flags & flag::data_eventfd) != 0;
  client.call_anyhow(input, vfio_user::CommandCode::DeviceSetIrqs, payload,
                     pick_descriptors(input, Descriptor::Event, with_events ? body.count : 0));
}

inline void send_region_read(Input& input, Client& client) {
  client.call_anyhow(input, vfio_user::CommandCode::RegionRead, payload_of(pick_access(input)),
                     pick_descriptors(input, Descriptor::Other, 0));
}

inline void send_region_write(Input& input, Client& client) {
  const vfio_user::RegionAccessBody body = pick_access(input);
  Payload payload = payload_of(body);
  const auto values = std::as_bytes(input.bytes(std::min<size_t>(body.count, 64)));
  payload.insert(payload.end(), values.begin(), values.end());
  if (input.below(16) != 0) payload.resize(sizeof body + std::min<size_t>(body.count, 0x10000));
  client.call_anyhow(input, vfio_user::CommandCode::RegionWrite, payload,
                     pick_descriptors(input, Descriptor::Other, 0));
}

// Commands that have no body, or are not for a client to send.
inline void send_other(Input& input, Client& client) {
  const auto code = input.below(4) == 0 ? static_cast<vfio_user::CommandCode>(input.u8() % 20)
                                        : vfio_user::CommandCode::DeviceReset;
  const auto bytes = std::as_bytes(input.bytes(input.u8() % 64));
  client.call_anyhow(input, code, Payload(bytes.begin(), bytes.end()),
                     pick_descriptors(input, Descriptor::Other, 0));
}

constexpr void (*kMessages[])(Input& input, Client& client) = {
    send_version, send_dma_map,     send_dma_unmap,    send_info,
    send_irq_set, send_region_read, send_region_write, send_other};

}  // namespace nvm::fuzz

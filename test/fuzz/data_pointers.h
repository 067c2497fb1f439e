// SPDX-License-Identifier: MIT
// Data pointers of commands, made of a fuzzer's input: good, nearly good, or anything, with the
// lists that they lead to.
#pragma once

#include <initializer_list>

#include "host.h"

namespace nvm::fuzz {

using Sqe = spec::SubmissionQueueEntry;

constexpr uint8_t kDataBlock =
    spec::sgl_identifier::type.put(spec::sgl_descriptor_type::data_block);

inline void put_bytes(Host& host, uint64_t address, std::span<const std::byte> bytes) {
  std::byte* to = host.memory().at(address, bytes.size());
  if (to != nullptr && !bytes.empty()) memcpy(to, bytes.data(), bytes.size());
}

// PRP1 and PRP2; where the data begins.
inline uint64_t put_prps(Host& host, Sqe& sqe, bool with_list) {
  Input& input = host.input();
  sqe.prp1 = HostMemory::address(input);
  sqe.prp2 = HostMemory::address(input);
  if (!with_list) return sqe.prp1;
  std::vector<uint64_t> list(1 + input.below(40));
  for (uint64_t& entry : list) entry = HostMemory::address(input);
  put_bytes(host, sqe.prp2, std::as_bytes(std::span(list)));
  return sqe.prp1;
}

inline uint8_t sgl_type(Input& input, uint8_t usual) {
  const uint64_t other = input.below(16);
  return other < 6 ? static_cast<uint8_t>(other << 4) : other == 6 ? input.u8() : usual;
}

// A descriptor of data, or a chain of segments with such, `byte_length` bytes in all unless a
// length is spoilt. Sets where the data begins.
inline spec::SglDescriptor make_sgl(Host& host, uint64_t byte_length, uint64_t& data) {
  Input& input = host.input();
  const auto descriptor = [&](uint64_t length, uint8_t usual) {
    spec::SglDescriptor made{};
    made.address = HostMemory::address(input);
    made.length = input.below(16) == 0 ? input.u32() : static_cast<uint32_t>(length);
    made.identifier = sgl_type(input, usual);
    return made;
  };
  const uint64_t segments = input.below(4);
  if (segments == 0) {
    const spec::SglDescriptor whole = descriptor(byte_length, kDataBlock);
    data = whole.address;
    return whole;
  }
  spec::SglDescriptor first{};
  spec::SglDescriptor* leads_here = &first;
  std::vector<spec::SglDescriptor> list;
  for (uint64_t segment = 1; segment <= segments; segment++) {
    const bool last = segment == segments;
    const size_t count = 1 + input.below(6);
    using spec::sgl_descriptor_type::last_segment;
    const uint8_t type = last ? last_segment : spec::sgl_descriptor_type::segment;
    *leads_here =
        descriptor((count + (last ? 0 : 1)) * sizeof(first), spec::sgl_identifier::type.put(type));
    const uint64_t address = leads_here->address;
    // What was made before is written now that it leads somewhere.
    if (segment > 1) put_bytes(host, data, std::as_bytes(std::span(list)));
    data = address;
    list.clear();
    for (size_t i = 0; i < count; i++) {
      const bool rest = last && i + 1 == count;
      const uint64_t length = rest ? byte_length : std::min<uint64_t>(input.u16(), byte_length);
      byte_length -= length;
      list.push_back(descriptor(length, kDataBlock));
    }
    if (!last) list.emplace_back();
    leads_here = &list.back();
  }
  put_bytes(host, data, std::as_bytes(std::span(list)));
  data = list.front().address;
  return first;
}

// The data pointer of a command for `byte_length` bytes; where they begin. Admin commands take
// PRPs.
inline uint64_t put_data_pointer(Host& host, Sqe& sqe, uint64_t byte_length, bool admin) {
  Input& input = host.input();
  const uint64_t form = input.below(16);
  if (form == 15) sqe.flags |= static_cast<uint8_t>(input.u8() & 0xc0);
  if (form < 6) return put_prps(host, sqe, false);
  if (form < 10 || (admin && form < 15)) return put_prps(host, sqe, true);
  uint64_t data = 0;
  const spec::SglDescriptor first = make_sgl(host, byte_length, data);
  memcpy(&sqe.prp1, &first, sizeof(first));
  const auto pointers = spec::data_pointer::sgl_metadata_buffer;
  if (form < 15) sqe.flags |= spec::sqe_flags::psdt.put(pointers);
  return data;
}

inline void put_metadata_pointer(Host& host, Sqe& sqe, uint64_t byte_length) {
  Input& input = host.input();
  sqe.mptr = HostMemory::address(input);
  if (spec::sqe_flags::psdt.get(sqe.flags) == spec::data_pointer::prp || input.below(2) == 0)
    return;
  sqe.flags = spec::sqe_flags::psdt.put(spec::data_pointer::sgl_metadata_sgl);
  uint64_t data = 0;
  const spec::SglDescriptor first = make_sgl(host, byte_length, data);
  put_bytes(host, sqe.mptr, std::as_bytes(std::span(&first, 1)));
}

}  // namespace nvm::fuzz

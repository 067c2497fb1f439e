// SPDX-License-Identifier: MIT
// Messages for tests: how a client would put them on the wire, and how it reads the replies.
#pragma once

#include <cstring>
#include <span>
#include <vector>

#include "vfio_user/message.h"

namespace nvm::vfio_user::test {

using Bytes = std::vector<std::byte>;

template <class... Parts>
Bytes join(const Parts&... parts) {
  Bytes bytes;
  auto append = [&](std::span<const std::byte> part) {
    bytes.insert(bytes.end(), part.begin(), part.end());
  };
  (append(as_bytes_of(parts)), ...);
  return bytes;
}

inline Bytes with_tail(Bytes head, std::span<const std::byte> tail) {
  head.insert(head.end(), tail.begin(), tail.end());
  return head;
}

inline Bytes zeros(size_t count) {
  return Bytes(count);
}

inline Header command(CommandCode code, const Bytes& payload, uint32_t flags = 0) {
  return Header{0x1234, static_cast<uint16_t>(code),
                static_cast<uint32_t>(sizeof(Header) + payload.size()), flags, 0};
}

// The header of a reply.
inline Header head_of(const Bytes& reply) {
  Header header{};
  if (reply.size() >= sizeof header) std::memcpy(&header, reply.data(), sizeof header);
  return header;
}

// The part of a reply's payload at `offset`, zero where the reply ends before.
template <class T>
T body_of(const Bytes& reply, size_t offset = 0) {
  T body{};
  size_t at = sizeof(Header) + offset;
  if (reply.size() >= at + sizeof body) std::memcpy(&body, reply.data() + at, sizeof body);
  return body;
}

// The errno of an error reply; 0 of any other.
inline int error_of(const Bytes& reply) {
  Header header = head_of(reply);
  bool is_error = (header.flags & header_flag::error) != 0;
  return is_error && reply.size() == sizeof(Header) ? static_cast<int>(header.error) : 0;
}

}  // namespace nvm::vfio_user::test

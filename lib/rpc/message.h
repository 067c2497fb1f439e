// SPDX-License-Identifier: MIT
// Messages between a manager and its clients (src/spec/rpc.ts) as bytes and descriptors. Pure
// functions: no input or output, no state.
#pragma once

#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "platform/status.h"
#include "platform/unique_fd.h"
#include "spec/rpc.h"

namespace nvm::rpc {

constexpr size_t kMessageByteLengthMax = 64 << 10;
constexpr size_t kFdsPerMessageMax = 3;

struct Message {
  std::vector<std::byte> bytes;  // an RpcHeader, and what follows
  std::vector<UniqueFd> fds;

  spec::RpcHeader header() const {
    spec::RpcHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    return header;
  }
  std::span<const std::byte> body() const {
    return std::span(bytes).subspan(sizeof(spec::RpcHeader));
  }
};

template <class T>
void append(Message& message, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  const size_t length = message.bytes.size();
  message.bytes.resize(length + sizeof value);
  std::memcpy(message.bytes.data() + length, &value, sizeof value);
}

inline void append(Message& message, std::span<const std::byte> bytes) {
  const size_t length = message.bytes.size();
  message.bytes.resize(length + bytes.size());
  if (!bytes.empty()) std::memcpy(message.bytes.data() + length, bytes.data(), bytes.size());
}

inline Message make_message(uint16_t code, uint32_t id) {
  Message message;
  spec::RpcHeader header{};
  header.code = code;
  header.id = id;
  append(message, header);
  return message;
}

template <class Body>
Message make_message(uint16_t code, uint32_t id, const Body& body) {
  Message message = make_message(code, id);
  append(message, body);
  return message;
}

// The body at `offset` of a message that came from another process; nothing when it is shorter.
template <class Body>
std::optional<Body> parse_body(const Message& message, size_t offset = 0) {
  const std::span<const std::byte> bytes = message.body();
  if (offset > bytes.size() || bytes.size() - offset < sizeof(Body)) return {};
  Body body;
  std::memcpy(&body, bytes.data() + offset, sizeof body);
  return body;
}

// The reply to a request that failed.
Message make_failure(const spec::RpcHeader& request, const Failure& failure);
// For a request that cannot be read.
Status refuse_malformed(const char* request);
// What such a reply says: success for one without an error. A code that this library does not know
// is ERR_OS.
Status parse_failure(const Message& reply);

}  // namespace nvm::rpc

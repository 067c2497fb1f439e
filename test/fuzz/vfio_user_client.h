// SPDX-License-Identifier: MIT
// A hostile vfio-user client: messages whole, cut in pieces and malformed, with any descriptors;
// replies to the device that are right, wrong or do not come.
#pragma once

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

#include "input.h"
#include "native/descriptor_socket.h"
#include "platform/unique_fd.h"
#include "vfio_user/message.h"

namespace nvm::fuzz {

constexpr size_t kClientMemoryBytes = 1 << 16;
constexpr uint64_t kMappedAddress = 0x100000;  // of the client's memory, given as a descriptor
constexpr uint64_t kRemoteAddress = 0x10000;   // of the same, reached by messages
constexpr uint64_t kPageByteLength = vfio_user::kDmaPageByteLength;

// The descriptors that a client may send, and its memory; made once.
struct Belongings {
  Belongings()
      : memory(memfd_create("fuzz", MFD_CLOEXEC)),
        event(eventfd(0, EFD_CLOEXEC)),
        other(open("/dev/null", O_RDWR | O_CLOEXEC)) {
    if (ftruncate(memory.get(), kClientMemoryBytes) != 0) abort();
    bytes = static_cast<std::byte*>(
        mmap(nullptr, kClientMemoryBytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0));
  }
  UniqueFd memory, event, other;
  std::byte* bytes;
};

enum class Descriptor : uint8_t { Memory, Event, Other, Socket };

struct Descriptors {
  Descriptor kind = Descriptor::Memory;
  size_t count = 0;
};

using Payload = std::vector<std::byte>;

template <class... Parts>
Payload payload_of(const Parts&... parts) {
  Payload payload;
  const auto add = [&](const auto& part) {
    const auto bytes = std::as_bytes(std::span(&part, 1));
    payload.insert(payload.end(), bytes.begin(), bytes.end());
  };
  (add(parts), ...);
  return payload;
}

class Client {
 public:
  // `served` lets the other end read what was sent.
  Client(Belongings& belongings, std::function<void()> served)
      : belongings_(belongings), served_(std::move(served)) {}

  // The other end of a new connection.
  UniqueFd connect() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) abort();
    socket_.reset(ends[0]);
    return UniqueFd(ends[1]);
  }

  std::byte* memory() const { return belongings_.bytes; }

  // A whole message, which its receiver reads at once.
  void call(vfio_user::CommandCode code, const Payload& payload, Descriptors fds = {}) {
    send(message(static_cast<uint16_t>(code), 0, payload), fds);
    served_();
  }

  // As the input wants it: perhaps in two pieces, with a wrong length or other flags.
  void call_anyhow(Input& input, vfio_user::CommandCode code, const Payload& payload,
                   Descriptors fds) {
    constexpr uint8_t kFlags[] = {0, 0, vfio_user::header_flag::no_reply, 1, 0x21};
    Payload whole = message(static_cast<uint16_t>(code), input.pick(kFlags), payload);
    const uint64_t how = input.below(16);
    if (how == 0) whole.resize(input.below(whole.size() + 1));
    if (how == 1) whole[offsetof(vfio_user::Header, byte_length)] = std::byte{input.u8()};
    if (how > 5) {
      send(whole, fds);
      return served_();
    }
    const auto cut = static_cast<size_t>(input.below(whole.size() + 1));
    const std::span<const std::byte> all = whole;
    const bool with_first = input.below(2) == 0;
    send(all.first(cut), with_first ? fds : Descriptors{});
    served_();
    send(all.subspan(cut), with_first ? Descriptors{} : fds);
    served_();
  }

  void send(std::span<const std::byte> bytes, Descriptors fds) {
    constexpr size_t kDescriptorsMax = 31;
    const int choices[] = {belongings_.memory.get(), belongings_.event.get(),
                           belongings_.other.get(), socket_.get()};
    const std::vector<int> sent(std::min(fds.count, kDescriptorsMax),
                                choices[static_cast<size_t>(fds.kind)]);
    (void)test::send_with_fds(socket_.get(), bytes, sent, MSG_DONTWAIT);
  }

  // Takes one message of the server; a request of it is answered, rightly unless `spoilt` says
  // otherwise. False when there is none.
  bool answer(uint8_t spoilt) {
    vfio_user::Header header{};
    Payload payload;
    if (!receive(&header, sizeof header)) return false;
    payload.resize(header.byte_length - sizeof header);
    if (!receive(payload.data(), payload.size())) return false;
    vfio_user::DmaAccessBody body;
    if (vfio_user::is_reply(header) || payload.size() < sizeof body) return true;
    memcpy(&body, payload.data(), sizeof body);
    const size_t at = body.address % kClientMemoryBytes;
    const size_t count = std::min<size_t>(body.count, kClientMemoryBytes - at);
    const bool reads = header.command == static_cast<uint16_t>(vfio_user::CommandCode::DmaRead);
    if (!reads) memcpy(memory() + at, payload.data() + sizeof body, count);
    if (spoilt & 1) body.address++;
    if (spoilt & 2) body.count++;
    Payload reply = payload_of(body);
    if (reads) reply.insert(reply.end(), memory() + at, memory() + at + count);
    if (spoilt & 4) reply.resize(spoilt >> 3);
    const uint32_t flags =
        vfio_user::header_flag::type_reply | (spoilt & 8 ? vfio_user::header_flag::error : 0);
    message_id_ = header.message_id;
    send(message(header.command, flags, reply), {});
    served_();
    return true;
  }

 private:
  Payload message(uint16_t command, uint32_t flags, const Payload& payload) {
    const auto byte_length = static_cast<uint32_t>(sizeof(vfio_user::Header) + payload.size());
    Payload bytes = payload_of(vfio_user::Header{message_id_, command, byte_length, flags, 0});
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return bytes;
  }

  bool receive(void* to, size_t byte_length) {
    return recv(socket_.get(), to, byte_length, MSG_DONTWAIT) == static_cast<ssize_t>(byte_length);
  }

  Belongings& belongings_;
  std::function<void()> served_;
  UniqueFd socket_;
  uint16_t message_id_ = 0;
};

}  // namespace nvm::fuzz

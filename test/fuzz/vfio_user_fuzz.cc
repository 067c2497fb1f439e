// SPDX-License-Identifier: MIT
// A hostile vfio-user client: messages whole, cut and malformed, with any descriptors, between
// steps of the device; requests of the device answered well, badly and not at all. Nothing may
// crash, and no descriptor may stay open.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "emulator/stores/memory_store.h"
#include "emulator/subsystem.h"
#include "vfio_user/connection.h"
#include "vfio_user/device.h"

namespace {

using namespace nvm;
using namespace nvm::vfio_user;

constexpr size_t kMemoryByteLength = 1 << 16;
constexpr uint64_t kMemoryAddress = 0x100000;

struct FuzzClock final : Clock {
  uint64_t now_ns() override { return now += 1000; }
  uint64_t now = 0;
};

class Input {
 public:
  Input(const uint8_t* data, size_t byte_length) : rest_(data, byte_length) {}
  bool empty() const { return rest_.empty(); }
  uint8_t byte() { return rest_.empty() ? uint8_t{0} : take(1).front(); }
  uint32_t word() {
    uint32_t value = 0;
    auto bytes = take(sizeof value);
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }
  std::span<const uint8_t> take(size_t byte_length) {
    auto taken = rest_.first(std::min(byte_length, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

 private:
  std::span<const uint8_t> rest_;
};

// The descriptors that a client may send, and its memory.
struct Belongings {
  Belongings()
      : memory(memfd_create("fuzz", MFD_CLOEXEC)),
        event(eventfd(0, EFD_CLOEXEC)),
        other(open("/dev/null", O_RDWR | O_CLOEXEC)) {
    if (ftruncate(memory.get(), kMemoryByteLength) != 0) abort();
    bytes = static_cast<uint8_t*>(
        mmap(nullptr, kMemoryByteLength, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0));
  }
  UniqueFd memory, event, other;
  uint8_t* bytes;
};

class Session {
 public:
  Session(Belongings& belongings, Doorbells doorbells)
      : belongings_(belongings), subsystem_(emulator::Identity{}) {
    auto store = emulator::make_memory_store(1 << 16);
    if (!store.ok()) abort();
    subsystem_.add_namespace(emulator::make_nvm_namespace(std::move(store.value()), 512, nullptr));
    device_.emplace(subsystem_.add_controller({}), doorbells, [] {});
    connect();
  }

  void run(Input& input) {
    for (int i = 0; i < 200 && !input.empty(); i++) act(input);
  }

 private:
  void connect() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) abort();
    client_.reset(ends[0]);
    connection_.emplace(UniqueFd(ends[1]));
  }

  void act(Input& input) {
    switch (input.byte() % 8) {
      case 0:  // anything
        send(input.take(input.byte()), input.byte());
        break;
      case 1:  // a message with a right header
        send_message(input.byte(), 0, input.take(input.byte()), input.byte());
        break;
      case 2:  // one that wants no reply, or is a reply
        send_message(input.byte(), input.byte(), input.take(input.byte()), input.byte());
        break;
      case 3:
        for (int i = input.byte() % 16; i >= 0; i--) subsystem_.step(clock_);
        break;
      case 4:
        answer(input.byte());
        break;
      case 5:
        begin_session();
        break;
      case 6: {
        size_t at = input.word() % kMemoryByteLength;
        auto bytes = input.take(std::min<size_t>(input.byte(), kMemoryByteLength - at));
        std::memcpy(belongings_.bytes + at, bytes.data(), bytes.size());
        break;
      }
      default:
        write_register(input.word() % 0x1080, input.word());
        break;
    }
    serve();
  }

  // What an honest client begins with: the fuzzer need not find it out.
  void begin_session() {
    send_struct(CommandCode::Version, VersionBody{0, 1}, 0);
    send_struct(CommandCode::DmaMap, DmaMapBody{32, 3, 0, kMemoryAddress, kMemoryByteLength}, 1);
    send_struct(CommandCode::DmaMap, DmaMapBody{32, 3, 0, 0x10000, kMemoryByteLength}, 0);
    struct {
      RegionAccessBody body{4, 7, 2};
      uint16_t command = 0x406;
    } bus_master;
    send_struct(CommandCode::RegionWrite, bus_master, 0);
    serve();
    write_register(0x24, 0x000f000f);
    write_register(0x28, kMemoryAddress);
    write_register(0x30, kMemoryAddress + 0x1000);
    write_register(0x14, 0x00460001);
  }

  void write_register(uint32_t offset, uint32_t value) {
    struct {
      RegionAccessBody body;
      uint32_t value;
    } write{{offset & ~3u, 0, 4}, value};
    uint8_t bytes[sizeof(RegionAccessBody) + 4];
    std::memcpy(bytes, &write, sizeof bytes);
    send_message(static_cast<uint8_t>(CommandCode::RegionWrite), 0, bytes, 0);
    serve();
  }

  template <class Body>
  void send_struct(CommandCode code, const Body& body, uint8_t fds) {
    auto bytes = as_bytes_of(body);
    send_message(static_cast<uint8_t>(code), 0,
                 {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, fds);
  }

  void send_message(uint8_t code, uint8_t flags, std::span<const uint8_t> payload, uint8_t fds) {
    Header header{message_id_, code, static_cast<uint32_t>(sizeof header + payload.size()), flags,
                  0};
    std::vector<uint8_t> bytes(sizeof header + payload.size());
    std::memcpy(bytes.data(), &header, sizeof header);
    std::copy(payload.begin(), payload.end(), bytes.begin() + sizeof header);
    send(bytes, fds);
  }

  // `fds`: how many in the lower bits, which in the upper.
  void send(std::span<const uint8_t> bytes, uint8_t fds) {
    const int choices[] = {belongings_.memory.get(), belongings_.event.get(),
                           belongings_.other.get(), client_.get()};
    int sent[31];
    const size_t count = std::min<size_t>(fds & 31, 31);
    for (size_t i = 0; i < count; i++) sent[i] = choices[(fds >> 5) % 3];
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof sent)] = {};
    iovec where{const_cast<uint8_t*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &where;
    message.msg_iovlen = 1;
    if (count != 0) {
      message.msg_control = control;
      message.msg_controllen = CMSG_SPACE(count * sizeof(int));
      cmsghdr* part = CMSG_FIRSTHDR(&message);
      part->cmsg_level = SOL_SOCKET;
      part->cmsg_type = SCM_RIGHTS;
      part->cmsg_len = CMSG_LEN(count * sizeof(int));
      std::memcpy(CMSG_DATA(part), sent, count * sizeof(int));
    }
    (void)!sendmsg(client_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  // Reads one message of the server; a request of it is answered with as many bytes as it wants, or
  // so.
  void answer(uint8_t how) {
    Header header{};
    std::vector<std::byte> payload;
    if (!receive(&header, sizeof header)) return;
    payload.resize(std::min<size_t>(header.byte_length - sizeof header, kMessageByteLengthMax));
    if (!receive(payload.data(), payload.size())) return;
    message_id_ = header.message_id;
    if (is_reply(header) || payload.size() < sizeof(DmaAccessBody)) return;
    DmaAccessBody body;
    std::memcpy(&body, payload.data(), sizeof body);
    const bool reads = header.command == static_cast<uint16_t>(CommandCode::DmaRead);
    std::vector<uint8_t> reply(sizeof body + (reads ? body.count : 0) + (how >> 6));
    if (how & 1) body.address++;
    if (how & 2) body.count++;
    std::memcpy(reply.data(), &body, sizeof body);
    if (how & 4) reply.resize(how >> 3);
    const uint32_t flags = header_flag::type_reply | (how & 8 ? header_flag::error : 0);
    send_message(static_cast<uint8_t>(header.command), static_cast<uint8_t>(flags), reply, 0);
  }

  bool receive(void* to, size_t byte_length) {
    return recv(client_.get(), to, byte_length, MSG_DONTWAIT) == static_cast<ssize_t>(byte_length);
  }

  // As Server does it.
  void serve() {
    Connection::State state;
    while ((state = connection_->receive()) == Connection::State::Ready) {
      auto outcome =
          device_->handle(connection_->header(), connection_->payload(), connection_->take_fds());
      connection_->finish();
      if (outcome.broken) return drop();
      if (outcome.reply &&
          connection_->send(std::move(*outcome.reply)) == Connection::State::Broken)
        return drop();
    }
    if (state == Connection::State::Broken) return drop();
    while (!connection_->sending()) {
      auto request = device_->next_request();
      if (!request) return;
      if (connection_->send(std::move(*request)) == Connection::State::Broken) return drop();
    }
  }

  void drop() {
    connection_.reset();
    device_->disconnect();
    connect();
  }

  Belongings& belongings_;
  FuzzClock clock_;
  emulator::Subsystem subsystem_;
  std::optional<Device> device_;
  std::optional<Connection> connection_;
  UniqueFd client_;
  uint16_t message_id_ = 0;
};

// The lowest descriptor that is free: grows when one is left open.
int free_descriptor() {
  return UniqueFd(fcntl(0, F_DUPFD_CLOEXEC, 0)).get();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t byte_length) {
  static Belongings belongings;
  std::memset(belongings.bytes, 0, kMemoryByteLength);
  const int before = free_descriptor();
  {
    Input input(data, byte_length);
    Session session(belongings, input.byte() % 2 ? Doorbells::Poll : Doorbells::Trap);
    session.run(input);
  }
  if (free_descriptor() != before) abort();
  return 0;
}

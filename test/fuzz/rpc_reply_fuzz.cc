// SPDX-License-Identifier: MIT
// Everything a manager may say to its client: the welcome, replies and notices, good and bad, with
// descriptors and without. All of it is in the socket before the client asks. Nothing may crash, no
// descriptor may stay open, and what the client believes it can use.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>

#include "input.h"
#include "platform/namespace_changes.h"
#include "platform/sealed_memory.h"
#include "rpc/belongings.h"
#include "rpc/client_bar.h"
#include "rpc/remote_admin.h"
#include "rpc/remote_events.h"

namespace nvm::fuzz {
namespace {

using namespace rpc;
namespace code = spec::rpc_code;

constexpr size_t kBarBytes = 0x3000;
constexpr size_t kPageBytes = 4096;

void require(bool condition) {
  if (!condition) abort();
}

// Time passes only here: who waits for a manager that is silent has waited for long at once.
class Impatient final : public Waiter {
 public:
  uint64_t now_ns() override { return now_ns_; }
  void pause(unsigned) override { now_ns_ += kCallTimeoutNs; }

 private:
  uint64_t now_ns_ = 1;
};

// What a manager has descriptors of; made once.
struct Files {
  UniqueFd bar = make_sealed_memory("fuzz", kBarBytes);
  UniqueFd doorbells = make_sealed_memory("fuzz", 2 * kPageBytes);
  UniqueFd short_file = make_sealed_memory("fuzz", kPageBytes);
  UniqueFd null{open("/dev/null", O_RDWR | O_CLOEXEC)};
};

template <class Body>
void put(std::vector<std::byte>& bytes, const Body& body) {
  const auto from = std::as_bytes(std::span(&body, 1));
  bytes.insert(bytes.end(), from.begin(), from.end());
}

// What a good manager replies to each request of the client below, in that order.
constexpr uint16_t kAsked[] = {code::hello,        code::map,   code::take_queue, code::bind_wake,
                               code::watch_events, code::admin, code::give_queue, code::unmap};

std::vector<std::byte> good_body(uint16_t asked) {
  std::vector<std::byte> bytes;
  if (asked == code::hello) {
    spec::RpcWelcome welcome{};
    welcome.version = spec::rpc_version;
    welcome.bar_byte_length = kBarBytes;
    welcome.doorbell_offset = kPageBytes;
    welcome.doorbell_byte_length = kPageBytes;
    welcome.doorbell_stride = 4;
    welcome.sleeping_offset = 0x2000;
    welcome.namespace_changes_offset = 0x2400;
    put(bytes, welcome);
  }
  if (asked == code::map) {
    put(bytes, spec::RpcMapped{0x10000, 2, {}});
    put(bytes, spec::RpcRun{0x10000, kPageBytes});
    put(bytes, spec::RpcRun{0x20000, kPageBytes});
  }
  if (asked == code::take_queue) put(bytes, spec::RpcQueue{1, 1});
  if (asked == code::admin) put(bytes, spec::RpcCompletion{});
  return bytes;
}

void say(int socket, const Message& message) {
  SocketChannel channel(UniqueFd(fcntl(socket, F_DUPFD_CLOEXEC, 0)));
  (void)channel.send(message);
}

void change(Input& input, std::vector<std::byte>& bytes) {
  for (uint64_t i = input.below(4); i > 0 && bytes.size() >= sizeof(uint32_t); i--) {
    const size_t at = input.u16() % (bytes.size() - 3);
    const uint32_t value = input.u32();
    std::memcpy(&bytes[at], &value, sizeof value);
  }
}

// The reply to the `number`th request, with what the input changes.
void say_reply(Input& input, int socket, uint32_t number, const Files& files) {
  const uint16_t asked = kAsked[number];
  const uint8_t kind = input.u8();
  Message reply = make_message(asked, number + 1);
  std::vector<std::byte> body = good_body(asked);
  if (kind & 1) change(input, body);
  if (kind & 2) body.resize(input.u16() % (body.size() + 1));
  if (kind & 4) {
    const auto more = std::as_bytes(input.bytes(input.u8()));
    body.insert(body.end(), more.begin(), more.end());
  }
  append(reply, std::span<const std::byte>(body));
  if (kind & 8) change(input, reply.bytes);
  const int known[] = {files.bar.get(), files.doorbells.get(), socket, files.short_file.get(),
                       files.null.get()};
  const size_t fd_count = kind & 16              ? input.below(kFdsPerMessageMax + 1)
                          : asked == code::hello ? 3
                                                 : 0;
  for (size_t i = 0; i < fd_count; i++) {
    const int fd = kind & 16 ? input.pick(known) : known[i];
    reply.fds.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  }
  if (kind & 32) reply.bytes.resize(input.u8() % (reply.bytes.size() + 1));
  if (reply.bytes.empty()) return;
  say(socket, reply);
}

// What a client does with a BAR that it took.
void use_bar(Client& client) {
  ClientBar bar;
  const bool same = bar.is_same(client);
  if (!bar.map(client).ok()) return;
  require(!same);
  const spec::RpcWelcome& welcome = client.welcome();
  (void)bar.read64(0);
  bar.doorbells()[welcome.doorbell_byte_length / sizeof(uint32_t) - 1] = 1;
  (void)bar.read32(welcome.sleeping_offset);
  (void)bar.read32(welcome.namespace_changes_offset);
  if (welcome.namespace_changes_offset != 0) {
    constexpr uint32_t kLast = sizeof(NamespaceChanges) - sizeof(uint32_t);
    (void)bar.read32(welcome.namespace_changes_offset + kLast);
  }
  bar.leave();
}

void use_everything(const std::shared_ptr<Client>& client, const Buffer& buffer) {
  use_bar(*client);
  auto belongings = std::make_shared<Belongings>(client);
  auto mapped = belongings->map(buffer);
  if (mapped.ok()) {
    uint64_t left = buffer.byte_length();
    for (const IoRun& run : mapped.value().runs) {
      require(run.byte_length != 0);
      left -= std::min(left, run.byte_length);
    }
    require(left == 0);
  }
  auto number = belongings->take_number(true, 0, 0);
  std::atomic<uint32_t>* armed = reinterpret_cast<std::atomic<uint32_t>*>(buffer.bytes());
  (void)belongings->bind_wake(1, {armed, -1});
  (void)ReceivedEvents(client).watch();
  RemoteAdmin admin(client, "a manager");
  (void)admin.submit({}, kCallTimeoutNs, nullptr, 0);
  if (number.ok()) belongings->give_back(number.value());
  if (mapped.ok()) (void)belongings->unmap(mapped.value());
  belongings->leave();
}

// Notices, of which each is a packet of its own.
void hear(Input& input, const std::shared_ptr<Client>& client) {
  ReceivedEvents events(client);
  while (!input.empty()) {
    const auto bytes = std::as_bytes(input.bytes(1 + input.u8()));
    Message notice = make_message(code::event, 0);
    append(notice, bytes);
    events.receive(notice);
    (void)parse_body<spec::RpcNamespacesChanged>(notice);
  }
  (void)events.dropped();
  auto taken = events.take();
  if (!taken.ok()) return;
  require(taken.value().size() <= kUntakenEventsMax);
}

void run(Input input, const Files& files, const Buffer& buffer) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) return;
  const UniqueFd manager(ends[0]);
  auto channel = std::make_unique<SocketChannel>(UniqueFd(ends[1]));
  const bool hangs_up = input.below(2) != 0;
  for (uint32_t i = 0; i < std::size(kAsked); i++) say_reply(input, manager.get(), i, files);
  if (hangs_up) shutdown(manager.get(), SHUT_WR);
  Impatient waiter;
  auto client = Client::greet(std::move(channel), "fuzz", waiter);
  if (!client.ok()) return;
  use_everything(client.value(), buffer);
  hear(input, client.value());
}

}  // namespace
}  // namespace nvm::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t byte_length) {
  static nvm::fuzz::Files files;
  static auto buffer = nvm::Buffer::allocate(2 * 4096).value();
  const int descriptor = nvm::UniqueFd(fcntl(0, F_DUPFD_CLOEXEC, 0)).get();
  nvm::fuzz::run(nvm::fuzz::Input({bytes, byte_length}), files, *buffer);
  if (nvm::UniqueFd(fcntl(0, F_DUPFD_CLOEXEC, 0)).get() != descriptor) abort();
  return 0;
}

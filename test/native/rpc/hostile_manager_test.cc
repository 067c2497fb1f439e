// SPDX-License-Identifier: MIT
// A manager that says what it should not: its client ends with an error that names it, waits no
// longer than it says, and keeps no descriptor open.
#include <fcntl.h>

#include <functional>

#include "descriptor_socket.h"
#include "platform/namespace_changes.h"
#include "rpc/belongings.h"
#include "rpc/client_bar.h"
#include "rpc/remote_admin.h"
#include "rpc/scripted.h"

namespace nvm::test {
namespace {

using namespace rpc;

// Time passes only while somebody waits.
class VirtualWaiter final : public Waiter {
 public:
  uint64_t now_ns() override { return now_ns_; }
  void pause(unsigned) override { now_ns_ += kNanosecondsPerMillisecond; }

 private:
  uint64_t now_ns_ = 1;
};

int lowest_free_descriptor() {
  return UniqueFd(fcntl(0, F_DUPFD_CLOEXEC, 0)).get();
}

// Says what it is told to, before it is asked.
class HostileManager {
 public:
  HostileManager() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    channel_ = std::make_unique<SocketChannel>(UniqueFd(ends[0]));
    clients_.reset(ends[1]);
  }

  // The reply to the next request.
  template <class Body>
  void say(
      uint16_t code, const Body& body, size_t fd_count = 0,
      const std::function<void(Message&)>& spoil = [](Message&) {}) {
    Message message = make_message(code, ++said_, body);
    for (size_t i = 0; i < fd_count; i++) {
      message.fds.push_back(make_sealed_memory("hostile", kBarBytes));
    }
    spoil(message);
    REQUIRE(channel_->send(message) == Channel::State::Ready);
  }
  static spec::RpcWelcome welcome() {
    spec::RpcWelcome welcome{};
    welcome.version = spec::rpc_version;
    welcome.bar_byte_length = kBarBytes;
    welcome.doorbell_byte_length = 4096;
    welcome.doorbell_stride = 4;
    return welcome;
  }
  void say_welcome() { say(spec::rpc_code::hello, welcome(), 3); }

  Result<std::shared_ptr<Client>> greet() {
    return Client::greet(std::make_unique<SocketChannel>(std::move(clients_)), "hostile", waiter);
  }
  // A client that was welcomed.
  std::shared_ptr<Client> welcomed() {
    auto client = greet();
    REQUIRE(client.ok());
    return client.value();
  }
  void hang_up() { channel_.reset(); }

  VirtualWaiter waiter;

 private:
  static constexpr size_t kBarBytes = 0x3000;
  std::unique_ptr<SocketChannel> channel_;
  UniqueFd clients_;
  uint32_t said_ = 0;
};

template <class Value>
ErrorCode code_of(Result<Value> result) {
  return result.ok() ? ErrorCode{} : result.status().failure().code;
}

TEST_CASE("a welcome that is none ends the greeting, and leaves no descriptor open") {
  const int free = lowest_free_descriptor();
  const auto refuses = [](size_t fd_count, const std::function<void(Message&)>& spoil) {
    HostileManager manager;
    manager.say(spec::rpc_code::hello, HostileManager::welcome(), fd_count, spoil);
    auto client = manager.greet();
    REQUIRE_FALSE(client.ok());
    CHECK(client.status().failure().code == ErrorCode::Target);
    CHECK(client.status().failure().detail.find("hostile") != std::string::npos);
  };
  refuses(3, [](Message& message) { message.bytes.resize(message.bytes.size() - 1); });
  refuses(3, [](Message& message) { message.bytes.resize(sizeof(spec::RpcHeader)); });
  refuses(3, [](Message& message) { message.bytes[sizeof(spec::RpcHeader)] = std::byte{99}; });
  for (size_t fds = 0; fds < 3; fds++) refuses(fds, [](Message&) {});
  CHECK(lowest_free_descriptor() == free);
}

TEST_CASE("more descriptors than a message has break the connection, and are closed") {
  const int free = lowest_free_descriptor();
  {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    const UniqueFd manager(ends[0]);
    Message message = make_message(spec::rpc_code::hello, 1, HostileManager::welcome());
    REQUIRE(send_with_fds(manager.get(), message.bytes, std::vector<int>(16, ends[0])));
    VirtualWaiter waiter;
    auto channel = std::make_unique<SocketChannel>(UniqueFd(ends[1]));
    auto client = Client::greet(std::move(channel), "hostile", waiter);
    CHECK(code_of(std::move(client)) == ErrorCode::Busy);  // as of one that hangs up
  }
  CHECK(lowest_free_descriptor() == free);
}

TEST_CASE("a manager that says nothing is waited for as long as a call may take, and no longer") {
  HostileManager manager;
  const uint64_t since_ns = manager.waiter.now_ns();
  CHECK(code_of(manager.greet()) == ErrorCode::Timeout);
  const uint64_t waited_ns = manager.waiter.now_ns() - since_ns;
  CHECK(waited_ns >= kCallTimeoutNs);
  CHECK(waited_ns < 2 * kCallTimeoutNs);
}

TEST_CASE("a manager that hangs up in the middle of a call ends that call") {
  HostileManager manager;
  manager.say_welcome();
  const auto client = manager.welcomed();
  manager.hang_up();
  RemoteAdmin admin(client, "a manager");
  CHECK(code_of(admin.submit({}, kTimeoutNs, nullptr, 0)) == ErrorCode::ManagerGone);
}

TEST_CASE("a BAR that does not hold what the welcome says of it is not used") {
  const auto is_refused = [](const std::function<void(spec::RpcWelcome&)>& spoil) {
    HostileManager manager;
    spec::RpcWelcome welcome = HostileManager::welcome();
    spoil(welcome);
    manager.say(spec::rpc_code::hello, welcome, 3);
    const auto client = manager.welcomed();
    ClientBar bar;
    const Status mapped = bar.map(*client);
    return !mapped.ok() && mapped.failure().code == ErrorCode::Target;
  };
  CHECK_FALSE(is_refused([](auto&) {}));
  CHECK(is_refused([](auto& welcome) { welcome.bar_byte_length = 0x4000; }));
  CHECK(is_refused([](auto& welcome) { welcome.bar_offset = 0x1000; }));
  CHECK(is_refused([](auto& welcome) { welcome.bar_byte_length = UINT64_MAX; }));
  CHECK(is_refused([](auto& welcome) { welcome.doorbell_byte_length = 0x3000; }));
  CHECK(is_refused([](auto& welcome) { welcome.doorbell_offset = 1; }));
  CHECK(is_refused([](auto& welcome) { welcome.doorbell_stride = 0; }));
  CHECK(is_refused([](auto& welcome) { welcome.sleeping_offset = 0x3000; }));
  CHECK(is_refused([](auto& welcome) { welcome.sleeping_offset = 0x2001; }));
  constexpr uint32_t kTooLate = 0x3000 - sizeof(NamespaceChanges) + sizeof(uint32_t);
  CHECK(is_refused([](auto& welcome) { welcome.namespace_changes_offset = kTooLate; }));
  CHECK(is_refused([](auto& welcome) { welcome.namespace_changes_offset = 0xfffffffc; }));
}

TEST_CASE("memory that a manager maps in part, or in pieces that it does not name, is not mapped") {
  const auto buffer = Buffer::allocate(2 * 4096).value();
  const auto map = [&](uint32_t run_count, std::vector<spec::RpcRun> runs) {
    HostileManager manager;
    manager.say_welcome();
    manager.say(spec::rpc_code::map, spec::RpcMapped{1, run_count, {}}, 0, [&](Message& message) {
      for (const spec::RpcRun& run : runs) append(message, run);
    });
    Belongings belongings(manager.welcomed());
    return code_of(belongings.map(*buffer));
  };
  CHECK(map(1, {{0x10000, 8192}}) == ErrorCode{});
  CHECK(map(2, {{0x10000, 4096}, {0x30000, 4096}}) == ErrorCode{});
  CHECK(map(0, {}) == ErrorCode::Target);
  CHECK(map(1, {}) == ErrorCode::Target);
  CHECK(map(1, {{0x10000, 4096}}) == ErrorCode::Target);
  CHECK(map(2, {{0x10000, 8192}, {0x30000, 0}}) == ErrorCode::Target);
  CHECK(map(UINT32_MAX, {{0x10000, 8192}}) == ErrorCode::Target);
}

TEST_CASE("replies that are cut short are errors, each of its call") {
  HostileManager manager;
  manager.say_welcome();
  const auto cut = [](Message& message) { message.bytes.resize(message.bytes.size() - 1); };
  manager.say(spec::rpc_code::take_queue, spec::RpcQueue{1, -1}, 0, cut);
  manager.say(spec::rpc_code::admin, spec::RpcCompletion{}, 0, cut);
  manager.say(spec::rpc_code::admin, spec::RpcCompletion{}, 0, [](Message& message) {
    spec::RpcHeader header = message.header();
    header.error = 0xffff;
    std::memcpy(message.bytes.data(), &header, sizeof header);
  });
  const auto client = manager.welcomed();
  Belongings belongings(client);
  CHECK(code_of(belongings.take_number(false, 0, 0)) == ErrorCode::Target);
  RemoteAdmin admin(client, "a manager");
  CHECK(code_of(admin.submit({}, kTimeoutNs, nullptr, 0)) == ErrorCode::Target);
  CHECK(code_of(admin.submit({}, kTimeoutNs, nullptr, 0)) == ErrorCode::Os);
  CHECK(client->is_connected());
}

}  // namespace
}  // namespace nvm::test

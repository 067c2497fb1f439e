// SPDX-License-Identifier: MIT
// A client that does what it wants with the socket of a served controller is dropped alone: another
// one reads and writes meanwhile, and finds what it wrote.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptor_socket.h"
#include "rpc/client.h"
#include "rpc/scripted.h"
#include "rpc/worker.h"

namespace nvm::test {
namespace {

UniqueFd connect_raw(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  REQUIRE(socket.valid());
  REQUIRE(connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  const timeval patience{10, 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return socket;
}

template <class Body>
void send_raw(int socket, uint16_t code, const Body& body, const std::vector<int>& fds = {}) {
  (void)send_with_fds(socket, rpc::make_message(code, 1, body).bytes, fds);
}

void greet(int socket) {
  send_raw(socket, spec::rpc_code::hello, spec::RpcHello{spec::rpc_version, 0});
  std::byte reply[4096];
  REQUIRE(recv(socket, reply, sizeof reply, 0) > 0);
}

bool hangs_up(int socket) {
  std::byte byte[4096];
  for (;;) {
    const ssize_t received = recv(socket, byte, sizeof byte, 0);
    if (received <= 0) return received == 0 || errno == ECONNRESET;
  }
}

// Asks again from within the answer, so that the thread that serves always has something to do.
struct Asker {
  explicit Asker(const std::string& path) : socket(connect_raw(path)) {
    greet(socket.get());
    fcntl(socket.get(), F_SETFL, O_NONBLOCK);
  }
  void ask() {
    std::byte reply[4096];
    while (recv(socket.get(), reply, sizeof reply, 0) > 0) {
    }
    count++;
    send_raw(socket.get(), spec::rpc_code::admin, spec::RpcAdmin{});
  }

  UniqueFd socket;
  std::atomic<uint64_t> count{0};
};

TEST_CASE("a client that always asks keeps no new one from being heard") {
  std::unique_ptr<Asker> asker;  // which the server's thread may use to its end
  std::atomic<bool> asks{false};
  rpc::ServicePolicy policy;
  policy.filter = [&](spec::SubmissionQueueEntry&, const rpc::Peer&) {
    if (asks) asker->ask();
    return false;
  };
  Manager manager(std::move(policy));
  asker = std::make_unique<Asker>(manager.server->path());
  asks = true;
  asker->ask();
  REQUIRE(wait_until(thread_waiter(), kTimeoutNs, [&] { return asker->count > 1000; }));
  auto client = rpc::Client::connect(manager.server->path());
  CHECK(client.ok());
  const uint64_t before = asker->count;
  CHECK(wait_until(thread_waiter(), kTimeoutNs, [&] { return asker->count > before; }));
  asks = false;
}

TEST_CASE("packets that are no messages, or carry too many descriptors, end their sender") {
  Manager manager;
  Worker worker(manager.connect());
  const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const bool greeted : {false, true}) {
    for (int how = 0; how < 4; how++) {
      const UniqueFd socket = connect_raw(manager.server->path());
      if (greeted) greet(socket.get());
      const std::vector<std::byte> bytes(rpc::kMessageByteLengthMax + 1);
      if (how == 0) REQUIRE(send(socket.get(), bytes.data(), bytes.size(), 0) > 0);
      if (how == 1) REQUIRE(send(socket.get(), bytes.data(), 3, 0) > 0);
      if (how == 2) REQUIRE(send(socket.get(), bytes.data(), 0, 0) == 0);
      if (how == 3) {
        send_raw(socket.get(), spec::rpc_code::map, spec::RpcMap{},
                 std::vector<int>(200, null.get()));
      }
      CHECK(hangs_up(socket.get()));
    }
  }
}

TEST_CASE("a flood of requests, their replies unread, is nobody else's trouble") {
  Manager manager;
  Worker worker(manager.connect());
  std::vector<UniqueFd> sockets;
  for (int i = 0; i < 8; i++) {
    sockets.push_back(connect_raw(manager.server->path()));
    greet(sockets.back().get());
    fcntl(sockets.back().get(), F_SETFL, O_NONBLOCK);
  }
  for (int lap = 0; lap < 2000; lap++) {
    for (const UniqueFd& socket : sockets) {
      send_raw(socket.get(), static_cast<uint16_t>(lap % 12), spec::RpcAdmin{});
    }
  }
  auto newcomer = manager.connect();
  CHECK(newcomer->allocate(4096).ok());
  CHECK(worker.stop() > 0);
}

TEST_CASE("a client that closes at any point of the conversation leaves nothing") {
  Manager manager;
  Worker worker(manager.connect());
  const UniqueFd memory = make_sealed_memory("memory", 8192);
  for (int point = 0; point < 60; point++) {
    const UniqueFd socket = connect_raw(manager.server->path());
    const int steps = point % 6;
    if (steps > 0) {
      send_raw(socket.get(), spec::rpc_code::hello, spec::RpcHello{spec::rpc_version, 0});
    }
    if (steps > 1) {
      send_raw(socket.get(), spec::rpc_code::map, spec::RpcMap{0, 8192, 0}, {memory.get()});
    }
    if (steps > 2) send_raw(socket.get(), spec::rpc_code::take_queue, spec::RpcTakeQueue{1, 0, 0});
    if (steps > 3) {
      send_raw(socket.get(), spec::rpc_code::admin, Scripted::admin(Scripted::create_cq(3, 0)));
    }
    if (steps > 4) send_raw(socket.get(), spec::rpc_code::wake, uint32_t{0});
  }
  INFO("all numbers but the worker's are free");
  CHECK(wait_until(thread_waiter(), kTimeoutNs, [&] {
    return count_free_numbers(*manager.controller) + 1 ==
           manager.controller->limits().io_queue_pairs_max;
  }));
}

TEST_CASE("garbage in all that a client can map hurts nobody else") {
  Manager manager;
  Worker worker(manager.connect());
  auto client = manager.connect();
  auto pair = create_pair(*client, 8);
  const Doorbells doorbells = client->transport().doorbells();
  for (int lap = 0; lap < 100; lap++) {
    for (size_t i = 0; i < doorbells.byte_length / 4; i++) doorbells.base[i] = 0xdead0000u + lap;
    std::memset(pair->sq_entries(), lap, 9 * 64);
    std::memset(pair->cq_entries(), lap, 9 * 16);
    client->transport().ring_wake();
  }
  CHECK(worker.stop() > 0);
}

TEST_CASE("who comes after as many as may be silent waits, and is heard when one has gone") {
  Manager manager;
  std::vector<UniqueFd> silent;
  for (uint32_t i = 0; i < rpc::ServiceLimits{}.arrivals_max; i++) {
    silent.push_back(connect_raw(manager.server->path()));
  }
  const UniqueFd next = connect_raw(manager.server->path());
  send_raw(next.get(), spec::rpc_code::hello, spec::RpcHello{spec::rpc_version, 0});
  // Longer than the thread that serves needs to accept all that it may.
  pollfd answer{next.get(), POLLIN, 0};
  CHECK(poll(&answer, 1, 200) == 0);
  silent.pop_back();
  std::byte reply[4096];
  CHECK(recv(next.get(), reply, sizeof reply, 0) > 0);
}

TEST_CASE("many clients come at once") {
  Manager manager;
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int i = 0; i < 32; i++) {
    threads.emplace_back([&] {
      auto client = rpc::Client::connect(manager.server->path());
      if (!client.ok()) failures++;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
}

// What a process of another user is answered.
ErrorCode refusal_as_nobody(const std::string& path) {
  constexpr uid_t kNobody = 65534;
  const pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    if (setgid(kNobody) != 0 || setuid(kNobody) != 0) _exit(255);
    auto client = rpc::Client::connect(path);
    _exit(client.ok() ? 0 : static_cast<int>(client.status().failure().code));
  }
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFEXITED(status));
  return static_cast<ErrorCode>(WEXITSTATUS(status));
}

TEST_CASE("another user is refused, also where the socket lets it connect") {
  if (geteuid() != 0) {
    MESSAGE("skipped: needs root, to be another user");
    return;
  }
  Manager manager;
  const std::string& path = manager.server->path();
  const std::string folder = std::filesystem::path(path).parent_path();
  REQUIRE(chmod(folder.c_str(), 0755) == 0);
  CHECK(refusal_as_nobody(path) == ErrorCode::Permission);
  REQUIRE(chmod(path.c_str(), 0666) == 0);
  CHECK(refusal_as_nobody(path) == ErrorCode::Permission);
  REQUIRE(rpc::Client::connect(path).ok());

  rpc::ServicePolicy policy;
  policy.filter = [](spec::SubmissionQueueEntry&, const rpc::Peer&) { return true; };
  Manager filtering(policy);
  const std::string& open = filtering.server->path();
  const std::string open_folder = std::filesystem::path(open).parent_path();
  REQUIRE(chmod(open_folder.c_str(), 0755) == 0);
  REQUIRE(chmod(open.c_str(), 0666) == 0);
  CHECK(refusal_as_nobody(open) == ErrorCode{});
}

}  // namespace
}  // namespace nvm::test

// SPDX-License-Identifier: MIT
// Messages and the channel that carries them.
#include "rpc/message.h"

#include <fcntl.h>
#include <unistd.h>

#include "descriptor_socket.h"
#include "rpc/scripted.h"

namespace nvm::test {
namespace {

using State = rpc::Channel::State;

struct Ends {
  explicit Ends(int type = SOCK_SEQPACKET) {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    raw.reset(ends[0]);
    channel = std::make_unique<rpc::SocketChannel>(UniqueFd(ends[1]));
  }
  void send(size_t byte_length, size_t fd_count = 0) {
    REQUIRE(send_with_fds(raw.get(), std::vector<std::byte>(byte_length),
                          std::vector<int>(fd_count, raw.get())));
  }
  State receive() { return channel->receive(message); }

  UniqueFd raw;
  std::unique_ptr<rpc::SocketChannel> channel;
  rpc::Message message;
};

// The lowest descriptor that is free: grows when one is left open.
int free_descriptor() {
  return UniqueFd(fcntl(0, F_DUPFD_CLOEXEC, 0)).get();
}

TEST_CASE("a failure arrives as it was, its text bounded") {
  spec::RpcHeader request{};
  request.code = spec::rpc_code::map;
  request.id = 9;
  const Failure failure{ErrorCode::Busy, 5, 0x4002, std::string(10000, 'x')};
  const rpc::Message reply = rpc::make_failure(request, failure);
  CHECK(reply.header().id == 9);
  const Status status = rpc::parse_failure(reply);
  REQUIRE_FALSE(status.ok());
  CHECK(status.failure().code == ErrorCode::Busy);
  CHECK(status.failure().os_error == 5);
  CHECK(status.failure().nvme_status == 0x4002);
  CHECK(status.failure().detail == std::string(512, 'x'));
}

TEST_CASE("an error that this library does not know is one of the system") {
  rpc::Message reply = rpc::make_failure({}, {ErrorCode::Busy, 0, 0, ""});
  const uint16_t unknown = 60000;
  std::memcpy(reply.bytes.data() + offsetof(spec::RpcHeader, error), &unknown, sizeof unknown);
  CHECK(rpc::parse_failure(reply).failure().code == ErrorCode::Os);
}

TEST_CASE("a body is read where all of it is there") {
  const rpc::Message message = rpc::make_message(1, 1, uint64_t{7});
  CHECK(rpc::parse_body<uint64_t>(message) == 7);
  CHECK_FALSE(rpc::parse_body<uint64_t>(message, 1).has_value());
  CHECK_FALSE(rpc::parse_body<uint64_t>(message, SIZE_MAX).has_value());
  CHECK_FALSE(rpc::parse_body<uint64_t>(rpc::make_message(1, 1)).has_value());
}

TEST_CASE("the longest message arrives, a longer one breaks the connection") {
  Ends ends;
  ends.send(rpc::kMessageByteLengthMax);
  CHECK(ends.receive() == State::Ready);
  CHECK(ends.message.bytes.size() == rpc::kMessageByteLengthMax);
  ends.send(rpc::kMessageByteLengthMax + 1);
  CHECK(ends.receive() == State::Broken);
}

TEST_CASE("less than a header, or nothing, breaks the connection") {
  for (const size_t byte_length : {size_t{0}, size_t{1}, sizeof(spec::RpcHeader) - 1}) {
    Ends ends;
    CHECK(ends.receive() == State::Blocked);
    ends.send(byte_length);
    CHECK(ends.receive() == State::Broken);
  }
}

TEST_CASE("descriptors arrive, too many break the connection, and none stays open") {
  const int before = free_descriptor();
  {
    Ends ends;
    ends.send(sizeof(spec::RpcHeader), rpc::kFdsPerMessageMax);
    CHECK(ends.receive() == State::Ready);
    CHECK(ends.message.fds.size() == rpc::kFdsPerMessageMax);
    ends.send(sizeof(spec::RpcHeader), 1);
    CHECK(ends.receive() == State::Ready);
    CHECK(ends.message.fds.size() == 1);
    for (const size_t count : {rpc::kFdsPerMessageMax + 1, size_t{253}}) {
      ends.send(sizeof(spec::RpcHeader), count);
      CHECK(ends.receive() == State::Broken);
    }
    ends.send(1, 2);
    CHECK(ends.receive() == State::Broken);
  }
  CHECK(free_descriptor() == before);
}

TEST_CASE("an end is seen with messages still there") {
  Ends ends;
  ends.send(sizeof(spec::RpcHeader));
  CHECK_FALSE(ends.channel->has_ended());
  ends.raw.reset();
  CHECK(ends.channel->has_ended());
  CHECK(ends.receive() == State::Ready);
  CHECK(ends.receive() == State::Broken);
}

}  // namespace
}  // namespace nvm::test

// SPDX-License-Identifier: MIT
#include "rpc/client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>

#include "platform/os_failure.h"

namespace nvm::rpc {
namespace {

Status refuse(const std::string& path, int os_error) {
  if (os_error == EACCES || os_error == EPERM) return os_failure("connect to " + path, os_error);
  return Status(ErrorCode::Target,
                "no manager of a controller serves at " + path + ": " + describe_errno(os_error),
                os_error);
}

}  // namespace

Client::Client(std::unique_ptr<Channel> channel, std::string name, Waiter& waiter)
    : name_(std::move(name)), waiter_(waiter), channel_(std::move(channel)) {}

Result<std::shared_ptr<Client>> Client::connect(const std::string& path, bool observes) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return refuse(path, ENAMETOOLONG);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return os_failure("socket", errno);
  // Several at once wait in line, which has room for few.
  int refusal = EAGAIN;
  wait_until(reply_waiter(), kCallTimeoutNs, [&] {
    const auto* to = reinterpret_cast<sockaddr*>(&address);
    refusal = ::connect(socket.get(), to, sizeof address) == 0 ? 0 : errno;
    return refusal != EAGAIN;
  });
  if (refusal != 0) return refuse(path, refusal);
  return greet(std::make_unique<SocketChannel>(std::move(socket)), path, reply_waiter(), observes);
}

Result<std::shared_ptr<Client>> Client::greet(std::unique_ptr<Channel> channel,
                                              const std::string& name, Waiter& waiter,
                                              bool observes) {
  std::shared_ptr<Client> client(new Client(std::move(channel), name, waiter));
  auto reply = client->call(
      make_message(spec::rpc_code::hello, 0,
                   spec::RpcHello{.version = spec::rpc_version, .observer = observes ? 1u : 0u}));
  if (!reply.ok()) {
    const ErrorCode code = reply.status().failure().code;
    if (code != ErrorCode::ManagerGone) return std::move(reply.status());
    return Status(ErrorCode::Busy, "whoever serves at " + name +
                                       " hung up: it has as many clients as it takes, or ends");
  }
  Message& answer = reply.value();
  const auto welcome = parse_body<spec::RpcWelcome>(answer);
  const size_t fds_wanted = observes ? 0 : 3;
  if (!welcome || welcome->version != spec::rpc_version || answer.fds.size() != fds_wanted) {
    return Status(ErrorCode::Target, "what serves at " + name + " is no manager of a controller");
  }
  client->welcome_ = *welcome;
  client->welcome_.name[sizeof welcome->name - 1] = 0;
  client->welcome_.address[sizeof welcome->address - 1] = 0;
  if (!observes) {
    client->bar_ = std::move(answer.fds[0]);
    client->doorbells_ = std::move(answer.fds[1]);
    client->notices_ = std::move(answer.fds[2]);
  }
  return client;
}

Status Client::gone() const {
  return Status(ErrorCode::ManagerGone, "it served at " + name_);
}

// True when there is no use in trying again.
bool Client::send(const Message& request) {
  std::lock_guard lock(mutex_);
  const Channel::State state = channel_->send(request);
  if (state == Channel::State::Broken) note_broken();
  return state != Channel::State::Blocked;
}

// Takes all replies that have come, and gives those of others to them. True when `id` has one, or
// never will.
bool Client::look(uint32_t id, std::optional<Message>& reply) {
  std::lock_guard lock(mutex_);
  std::optional<Message>& mine = awaited_[id];
  while (!mine && !is_broken()) {
    Message message;
    const Channel::State state = channel_->receive(message);
    if (state == Channel::State::Blocked) break;
    if (state == Channel::State::Broken) note_broken();
    if (state != Channel::State::Ready) break;
    // One that nobody awaits comes too late.
    const auto found = awaited_.find(message.header().id);
    if (found != awaited_.end()) found->second = std::move(message);
  }
  if (mine) reply = std::move(mine);
  return reply.has_value() || is_broken();
}

Result<Message> Client::call(Message request, uint64_t timeout_ns) {
  spec::RpcHeader header = request.header();
  {
    std::lock_guard lock(mutex_);
    header.id = ++last_id_;
    awaited_[header.id] = std::nullopt;
  }
  std::memcpy(request.bytes.data(), &header, sizeof header);
  std::optional<Message> reply;
  bool sent = false;
  wait_until(waiter_, timeout_ns, [&] {
    if (!sent) sent = is_broken() || send(request);
    return sent && look(header.id, reply);
  });
  {
    std::lock_guard lock(mutex_);
    awaited_.erase(header.id);
  }
  if (!reply) {
    if (is_broken()) return gone();
    return Status(ErrorCode::Timeout, "the process that serves the controller at " + name_);
  }
  NVM_TRY(parse_failure(*reply));
  return std::move(*reply);
}

void Client::post(uint16_t code) {
  (void)send(make_message(code, 0));
}

}  // namespace nvm::rpc

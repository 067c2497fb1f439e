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

Client::Call::Call(Client& client, Message request)
    : client_(client), request_(std::move(request)) {
  spec::RpcHeader header = request_.header();
  {
    std::lock_guard lock(client_.mutex_);
    header.id = id_ = ++client_.last_id_;
    client_.awaited_[id_] = std::nullopt;
  }
  std::memcpy(request_.bytes.data(), &header, sizeof header);
  sent_ = client_.send(request_);
}

Client::Call::~Call() {
  std::lock_guard lock(client_.mutex_);
  client_.awaited_.erase(id_);
}

bool Client::Call::has_ended() {
  if (reply_) return true;
  if (!sent_) sent_ = client_.is_broken() || client_.send(request_);
  return sent_ && client_.look(id_, reply_);
}

Result<Message> Client::Call::wait(uint64_t timeout_ns) {
  wait_until(client_.waiter_, timeout_ns, [&] { return has_ended(); });
  if (!reply_) {
    if (client_.is_broken()) return client_.gone();
    return Status(ErrorCode::Timeout, "the process that serves the controller at " + client_.name_);
  }
  NVM_TRY(parse_failure(*reply_));
  return std::move(*reply_);
}

Result<Message> Client::call(Message request, uint64_t timeout_ns) {
  return Call(*this, std::move(request)).wait(timeout_ns);
}

void Client::post(uint16_t code) {
  (void)send(make_message(code, 0));
}

}  // namespace nvm::rpc

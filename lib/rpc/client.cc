// SPDX-License-Identifier: MIT
#include "rpc/client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
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

Client::Client(std::unique_ptr<Channel> channel, std::string name, Waiter& waiter,
               const std::atomic<bool>* given_up)
    : name_(std::move(name)), waiter_(waiter), given_up_(given_up), channel_(std::move(channel)) {}

Result<std::shared_ptr<Client>> Client::connect(const std::string& path, bool observes,
                                                const std::atomic<bool>* given_up) {
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
    return refusal != EAGAIN || (given_up != nullptr && given_up->load());
  });
  if (refusal != 0) return refuse(path, refusal);
  return greet(std::make_unique<SocketChannel>(std::move(socket)), path, reply_waiter(), observes,
               given_up);
}

Result<std::shared_ptr<Client>> Client::greet(std::unique_ptr<Channel> channel,
                                              const std::string& name, Waiter& waiter,
                                              bool observes, const std::atomic<bool>* given_up) {
  std::shared_ptr<Client> client(new Client(std::move(channel), name, waiter, given_up));
  auto reply = client->call(
      make_message(spec::rpc_code::hello, 0,
                   spec::RpcHello{.version = spec::rpc_version, .observer = observes ? 1u : 0u}));
  if (!reply.ok()) {
    const ErrorCode code = reply.status().failure().code;
    if (code != ErrorCode::ManagerGone) return std::move(reply.status());
    return Status(ErrorCode::Busy,
                  "whoever serves at " + name + " hung up before it answered: it is ending");
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

Status Client::gone() {
  std::lock_guard lock(mutex_);
  if (reason_) return *reason_;
  return Status(ErrorCode::ManagerGone,
                "it served at " + name_ + ", and " + (closing_.empty() ? "has died" : closing_));
}

void Client::note_closing(const Status& why) {
  std::lock_guard lock(mutex_);
  closing_ = why.ok() ? "has ended" : "its device has gone: " + why.failure().detail;
}

bool Client::is_connected(uint32_t breaks) {
  std::lock_guard lock(mutex_);
  return is_connected() && breaks == breaks_;
}

void Client::break_off() {
  if (!is_connected()) return;
  breaks_++;
  state_.store(State::Broken, std::memory_order_release);
}

void Client::note_broken() {
  std::lock_guard lock(mutex_);
  break_off();
}

void Client::await_next() {
  std::lock_guard lock(mutex_);
  break_off();
  if (!has_given_up()) state_.store(State::Away, std::memory_order_release);
}

void Client::adopt(Client& next) {
  std::scoped_lock lock(mutex_, next.mutex_);
  if (has_given_up()) return;
  channel_ = std::move(next.channel_);
  last_id_ = std::max(last_id_, next.last_id_);  // late replies to `next` are nobody's
  closing_.clear();
  state_.store(State::Connected, std::memory_order_release);
}

void Client::hang_up() {
  std::lock_guard lock(mutex_);
  break_off();
  channel_.reset();
  reason_ = Failure{ErrorCode::Closed, 0, 0, "the connection to " + name_};
  state_.store(State::GivenUp, std::memory_order_release);
}

void Client::give_up(Failure reason) {
  std::lock_guard lock(mutex_);
  if (is_connected()) return;
  reason_ = std::move(reason);
  state_.store(State::GivenUp, std::memory_order_release);
}

// Whether nothing more is heard of what was sent after so many breaks.
bool Client::ended(uint32_t breaks) const {
  return breaks != breaks_ || !is_connected() || (given_up_ != nullptr && given_up_->load());
}

// True when there is no use in trying again.
bool Client::send(const Message& request, uint32_t breaks) {
  std::lock_guard lock(mutex_);
  if (ended(breaks)) return true;
  const Channel::State state = channel_->send(request);
  if (state == Channel::State::Broken) break_off();
  return state != Channel::State::Blocked;
}

// Takes all replies that have come, and gives those of others to them. True when `id` has one, or
// never will.
bool Client::look(uint32_t id, uint32_t breaks, std::optional<Message>& reply) {
  std::lock_guard lock(mutex_);
  std::optional<Message>& mine = awaited_[id];
  while (!mine && !ended(breaks)) {
    Message message;
    const Channel::State state = channel_->receive(message);
    if (state == Channel::State::Blocked) break;
    if (state == Channel::State::Broken) break_off();
    if (state != Channel::State::Ready) break;
    // One that nobody awaits comes too late.
    const auto found = awaited_.find(message.header().id);
    if (found != awaited_.end()) found->second = std::move(message);
  }
  if (mine) reply = std::move(mine);
  return reply.has_value() || ended(breaks);
}

Client::Call::Call(Client& client, Message request)
    : client_(client), request_(std::move(request)) {
  spec::RpcHeader header = request_.header();
  {
    std::lock_guard lock(client_.mutex_);
    breaks_ = client_.breaks_;
    header.id = id_ = ++client_.last_id_;
    client_.awaited_[id_] = std::nullopt;
  }
  std::memcpy(request_.bytes.data(), &header, sizeof header);
  sent_ = client_.send(request_, breaks_);
}

Client::Call::~Call() {
  std::lock_guard lock(client_.mutex_);
  client_.awaited_.erase(id_);
}

bool Client::Call::has_ended() {
  if (reply_) return true;
  if (!sent_) sent_ = client_.send(request_, breaks_);
  return sent_ && client_.look(id_, breaks_, reply_);
}

Result<Message> Client::Call::wait(uint64_t timeout_ns) {
  wait_until(client_.waiter_, timeout_ns, [&] { return has_ended(); });
  if (!reply_) {
    std::unique_lock lock(client_.mutex_);
    const bool ended = client_.ended(breaks_);
    lock.unlock();
    if (ended) return client_.gone();
    return Status(ErrorCode::Timeout, "the process that serves the controller at " + client_.name_);
  }
  NVM_TRY(parse_failure(*reply_));
  return std::move(*reply_);
}

Result<Message> Client::call(Message request, uint64_t timeout_ns, uint32_t* breaks) {
  if (is_away()) {
    const uint64_t since_ns = waiter_.now_ns();
    wait_until(waiter_, timeout_ns, [&] { return !is_away(); });
    timeout_ns -= std::min(timeout_ns, waiter_.now_ns() - since_ns);
  }
  if (!is_connected()) return gone();
  Call call(*this, std::move(request));
  if (breaks != nullptr) *breaks = call.breaks();
  return call.wait(timeout_ns);
}

void Client::post(uint16_t code) {
  const Message message = make_message(code, 0);
  std::lock_guard lock(mutex_);
  if (is_connected() && channel_->send(message) == Channel::State::Broken) break_off();
}

}  // namespace nvm::rpc

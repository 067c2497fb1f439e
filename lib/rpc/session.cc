// SPDX-License-Identifier: MIT
#include "rpc/session.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "driver/quarantine.h"
#include "platform/clock.h"
#include "platform/os_failure.h"

namespace nvm::rpc {
namespace {

constexpr int kMessagesPerStep = 32;
constexpr size_t kOutgoingMax = 16;
// Namespaces of which a client is told one by one.
constexpr size_t kToldEachMax = 8;
// How long a client may take to greet, or to read replies when there is no room for more.
constexpr uint64_t kSilenceNs = 5'000 * kNanosecondsPerMillisecond;

UniqueFd duplicate(int fd) {
  return UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

template <size_t Length>
void set_text(char (&field)[Length], const std::string& text) {
  std::memset(field, 0, Length);
  std::memcpy(field, text.data(), std::min(text.size(), Length - 1));
}

}  // namespace

Session::Session(ServedController& served, const ServiceLimits& limits, const ServicePolicy& policy,
                 Guests& guests, const Peer& peer, std::unique_ptr<Channel> channel,
                 uint64_t now_ns)
    : served_(served),
      limits_(limits),
      policy_(policy),
      guests_(guests),
      peer_(peer),
      connected_ns_(now_ns),
      channel_(std::move(channel)) {}

// What could not be taken back: the device may still use it.
Session::~Session() {
  if (greeted_) (observer_ ? guests_.observers : guests_.clients)--;
  for (const Outstanding& each : outstanding_) {
    if (each.ticket) served_.admin->abandon(*each.ticket);
  }
  if (gone_ || memory_ == nullptr) return;
  quarantine_forever(std::shared_ptr<ClientMemory>(std::move(memory_)));
  quarantine_forever(std::shared_ptr<ClientPort>(std::move(port_)));
}

bool Session::wants_to_receive() const {
  return !leaving_ && outstanding_.size() - overdue_count() < kOutstandingMax &&
         watch_requests_.size() < kOutstandingMax && outgoing_.size() < kOutgoingMax &&
         !status_request_;
}

bool Session::waits_for_device() const {
  return outstanding_.size() != overdue_count() ||
         (leaving_ && !gone_ && !stuck_ && outstanding_.empty());
}

bool Session::waits_long() const {
  return !outstanding_.empty() || (!leaving_ && (!greeted_ || !outgoing_.empty()));
}

bool Session::step(uint64_t now_ns) {
  bool worked = false;
  if (!leaving_) worked |= receive(now_ns);
  worked |= look_after_commands(now_ns);
  if (!leaving_) worked |= send(now_ns);
  if (!leaving_) drop_silent(now_ns);
  if (leaving_ && !gone_) worked |= take_back(now_ns);
  return worked;
}

bool Session::receive(uint64_t now_ns) {
  if (!wants_to_receive()) {
    // One that is not listened to may have rung doorbells, or have gone, all the same.
    served_.transport->ring_wake();
    if (!channel_->has_ended()) return false;
    leave(now_ns);
    return true;
  }
  Message message;
  for (int i = 0; i < kMessagesPerStep; i++) {
    if (!wants_to_receive()) return i != 0;
    switch (channel_->receive(message)) {
      case Channel::State::Blocked:
        return i != 0;
      case Channel::State::Broken:
        leave(now_ns);
        return true;
      case Channel::State::Ready:
        answer(message, now_ns);
    }
    if (leaving_) return true;
  }
  return true;
}

void Session::answer(Message& message, uint64_t now_ns) {
  const spec::RpcHeader header = message.header();
  Status status = obey(message, now_ns);
  if (!status.ok()) reply(make_failure(header, status.failure()));
}

Status Session::obey(Message& message, uint64_t now_ns) {
  const uint16_t code = message.header().code;
  if (code == spec::rpc_code::hello) return hello(message);
  if (!greeted_) {
    leave(now_ns);
    return {};
  }
  if (code == spec::rpc_code::status) {
    status_request_ = message.header();
    return {};
  }
  if (observer_) return refuse_malformed("an observer may only ask for the status");
  switch (code) {
    case spec::rpc_code::map:
      return map(message);
    case spec::rpc_code::unmap:
      return unmap(message);
    case spec::rpc_code::admin:
      return begin_admin(message, now_ns);
    case spec::rpc_code::take_queue:
      return take_queue(message);
    case spec::rpc_code::give_queue:
      return give_queue(message);
    case spec::rpc_code::bind_wake:
      return bind_wake(message);
    case spec::rpc_code::wake:
      served_.transport->ring_wake();
      return {};
    case spec::rpc_code::watch_events:
      if (served_.controller == nullptr) {
        return Status(ErrorCode::Unsupported, "the manager does not watch for events");
      }
      watch_requests_.push_back(message.header());
      return {};
    default:
      return refuse_malformed("its code is not known");
  }
}

// The controller, as a client needs to know it.
void Session::describe(const BarShare& bar, spec::RpcWelcome& welcome) const {
  const Capabilities& capabilities = served_.transport->capabilities();
  const Doorbells doorbells = served_.transport->doorbells();
  welcome.bar_offset = bar.bar_offset;
  welcome.bar_byte_length = bar.bar_byte_length;
  welcome.doorbell_offset = bar.doorbell_offset;
  welcome.doorbell_byte_length = bar.doorbell_byte_length;
  welcome.doorbell_stride = doorbells.stride_bytes;
  welcome.sleeping_offset = bar.sleeping_offset;
  welcome.namespace_changes_offset = bar.namespace_changes_offset;
  welcome.uncached = doorbells.uncached ? 1 : 0;
  welcome.emulated = capabilities.emulated ? 1 : 0;
  welcome.outlives_manager = !capabilities.emulated || capabilities.maps_files ? 1 : 0;
  welcome.maps_files = capabilities.maps_files ? 1 : 0;
  welcome.wakes = capabilities.wakes ? 1 : 0;
  welcome.write_protected = capabilities.write_protected || !policy_.sharing.may_write() ? 1 : 0;
  welcome.vectors = capabilities.vectors;
  welcome.takes_sgls = served_.limits.takes_sgls ? 1 : 0;
  welcome.transfer_bytes_max = served_.limits.transfer_bytes_max;
  welcome.io_queue_pairs_max =
      std::min<uint32_t>(limits_.queue_pairs_max, served_.limits.io_queue_pairs_max);
  welcome.optional_events = served_.limits.optional_events;
  welcome.data_identity = served_.limits.data_identity;
}

// Who may not come in, or finds no place.
Status Session::check_welcome(const spec::RpcHello& hello) const {
  if (peer_.is_stranger && !policy_.filter) {
    return Status(ErrorCode::Permission,
                  "the controller is shared with its manager's user and root, not with user " +
                      std::to_string(peer_.uid));
  }
  if (hello.observer != 0 && guests_.observers >= limits_.observers_max) {
    return Status(ErrorCode::Busy, "the manager answers " + std::to_string(limits_.observers_max) +
                                       " at once that ask for its status; ask again");
  }
  if (hello.observer == 0 && guests_.clients >= limits_.clients_max) {
    const uint32_t most = limits_.clients_max;
    const std::string has = most == 1 ? " client, and has it" : " clients, and has them";
    return Status(ErrorCode::Busy,
                  "the manager takes " + std::to_string(most) + has +
                      "; close one, or serve with a higher limit (`limits.clients`, --clients)");
  }
  return {};
}

Status Session::hello(const Message& message) {
  const auto hello = parse_body<spec::RpcHello>(message);
  if (!hello || greeted_ || refused_) return refuse_malformed("hello");
  if (hello->version != spec::rpc_version) {
    return Status(ErrorCode::Unsupported,
                  "the manager speaks version " + std::to_string(spec::rpc_version) +
                      " of its protocol, the client " + std::to_string(hello->version));
  }
  Status allowed = check_welcome(*hello);
  refused_ = !allowed.ok();
  if (refused_) return allowed;
  spec::RpcWelcome welcome{};
  welcome.version = spec::rpc_version;
  welcome.client_id = peer_.client_id;
  const Capabilities& capabilities = served_.transport->capabilities();
  set_text(welcome.name, capabilities.name);
  set_text(welcome.address, capabilities.address);
  if (hello->observer != 0) {
    greeted_ = observer_ = true;
    guests_.observers++;
    reply(make_message(spec::rpc_code::hello, message.header().id, welcome));
    return {};
  }
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets) != 0) {
    return os_failure("socketpair", errno);
  }
  auto notices = std::make_unique<SocketChannel>(UniqueFd(sockets[0]));
  UniqueFd clients_end(sockets[1]);
  auto port = served_.transport->open_port(policy_.sharing);
  if (!port.ok()) return std::move(port.status());
  const BarShare bar = port.value()->bar();
  UniqueFd bar_fd = duplicate(bar.bar_fd);
  UniqueFd doorbell_fd = duplicate(bar.doorbell_fd);
  if (!bar_fd.valid() || !doorbell_fd.valid()) {
    const int os_error = errno;
    (void)port.value()->release();
    return os_failure("fcntl(F_DUPFD)", os_error);
  }
  notices_ = std::move(notices);
  port_ = std::move(port.value());
  memory_ = std::make_unique<ClientMemory>(*port_, limits_);
  sees_changes_ = bar.namespace_changes_offset != 0;
  describe(bar, welcome);
  Message answer = make_message(spec::rpc_code::hello, message.header().id, welcome);
  answer.fds.push_back(std::move(bar_fd));
  answer.fds.push_back(std::move(doorbell_fd));
  answer.fds.push_back(std::move(clients_end));
  greeted_ = true;
  guests_.clients++;
  reply(std::move(answer));
  return {};
}

Status Session::map(Message& message) {
  const auto request = parse_body<spec::RpcMap>(message);
  if (!request || message.fds.size() != 1) return refuse_malformed("map");
  auto mapped = memory_->map(*request, message.fds[0]);
  if (!mapped.ok()) return std::move(mapped.status());
  const std::vector<IoRun>& runs = mapped.value()->mapping.runs;
  const uint64_t handle = runs.front().io_address;
  if (runs.size() > (kMessageByteLengthMax - 64) / sizeof(spec::RpcRun)) {
    mapped.value().reset();
    (void)memory_->unmap(handle);
    return Status(ErrorCode::Range, "memory in so many pieces for the device; map less at once");
  }
  spec::RpcMapped body{};
  body.handle = handle;
  body.run_count = static_cast<uint32_t>(runs.size());
  Message answer = make_message(spec::rpc_code::map, message.header().id, body);
  for (const IoRun& run : runs) append(answer, spec::RpcRun{run.io_address, run.byte_length});
  reply(std::move(answer));
  return {};
}

Status Session::unmap(const Message& message) {
  const auto request = parse_body<spec::RpcUnmap>(message);
  if (!request) return refuse_malformed("unmap");
  NVM_TRY(memory_->unmap(request->handle));
  reply(make_message(spec::rpc_code::unmap, message.header().id));
  return {};
}

Status Session::take_queue(const Message& message) {
  const auto request = parse_body<spec::RpcTakeQueue>(message);
  if (!request || request->queue_id > UINT16_MAX || request->vector > UINT16_MAX) {
    return refuse_malformed("take_queue");
  }
  if (queues_.size() >= limits_.queue_pairs_max) {
    return Status(ErrorCode::NoQueues,
                  "a client may have " + std::to_string(limits_.queue_pairs_max));
  }
  auto taken =
      served_.queue_numbers->take(request->wakes != 0, static_cast<uint16_t>(request->queue_id),
                                  static_cast<uint16_t>(request->vector));
  if (!taken.ok()) return std::move(taken.status());
  const QueueNumber number = taken.value();
  port_->assign_queue(number.queue_id, true);
  queues_[number.queue_id].number = number;
  reply(make_message(spec::rpc_code::take_queue, message.header().id,
                     spec::RpcQueue{number.queue_id, number.vector}));
  return {};
}

Status Session::give_queue(const Message& message) {
  const auto request = parse_body<spec::RpcQueue>(message);
  if (!request || request->queue_id > UINT16_MAX) return refuse_malformed("give_queue");
  const auto found = queues_.find(static_cast<uint16_t>(request->queue_id));
  if (found == queues_.end()) {
    return Status(ErrorCode::Argument,
                  "queue " + std::to_string(request->queue_id) + " is not this client's");
  }
  Queue& queue = found->second;
  if (queue.sq_exists || queue.cq_exists || changes_queue(queue.number.queue_id)) {
    return Status(ErrorCode::Busy,
                  "queue " + std::to_string(request->queue_id) + " has not been deleted");
  }
  unbind_wake(queue);
  port_->assign_queue(queue.number.queue_id, false);
  served_.queue_numbers->give_back(queue.number);
  queues_.erase(found);
  reply(make_message(spec::rpc_code::give_queue, message.header().id));
  return {};
}

Status Session::bind_wake(Message& message) {
  const auto request = parse_body<spec::RpcBindWake>(message);
  if (!request || message.fds.size() > 1) return refuse_malformed("bind_wake");
  const auto found = std::find_if(queues_.begin(), queues_.end(), [&](const auto& each) {
    const int vector = each.second.number.vector;
    return vector >= 0 && static_cast<uint32_t>(vector) == request->vector;
  });
  if (found == queues_.end()) {
    return Status(ErrorCode::Refused, "an interrupt vector that is not this client's");
  }
  Queue& queue = found->second;
  unbind_wake(queue);
  if (!message.fds.empty()) {
    const auto piece = memory_->find(request->armed_address, sizeof(uint32_t));
    if (piece == nullptr || request->armed_address % sizeof(uint32_t) != 0) {
      return Status(ErrorCode::Argument, "a word to arm outside of the client's memory");
    }
    auto* armed =
        reinterpret_cast<std::atomic<uint32_t>*>(ClientMemory::at(*piece, request->armed_address));
    const int fd = message.fds[0].get();
    NVM_TRY(served_.transport->bind_wake(static_cast<uint16_t>(request->vector), {armed, fd}));
    queue.wake = std::move(message.fds[0]);
    queue.wake_memory = piece;
  }
  reply(make_message(spec::rpc_code::bind_wake, message.header().id));
  return {};
}

void Session::unbind_wake(Queue& queue) {
  if (!queue.wake.valid()) return;
  (void)served_.transport->bind_wake(static_cast<uint16_t>(queue.number.vector), {});
  queue.wake.reset();
  queue.wake_memory.reset();
}

void Session::reply(Message message) {
  if (leaving_) return;
  outgoing_.push_back(std::move(message));
}

bool Session::send(uint64_t now_ns) {
  bool worked = false;
  while (!outgoing_.empty()) {
    const Channel::State state = channel_->send(outgoing_.front());
    if (state == Channel::State::Blocked) {
      if (blocked_since_ns_ == 0) blocked_since_ns_ = now_ns;
      break;
    }
    worked = true;
    blocked_since_ns_ = 0;
    if (state == Channel::State::Broken) {
      leave(now_ns);
      break;
    }
    outgoing_.pop_front();
  }
  return worked;
}

// One that took a place and says nothing, asks and does not listen, or has heard that it is none.
void Session::drop_silent(uint64_t now_ns) {
  const bool never_greets = !greeted_ && now_ns - connected_ns_ > kSilenceNs;
  const bool never_reads = blocked_since_ns_ != 0 && now_ns - blocked_since_ns_ > kSilenceNs;
  const bool knows_why = refused_ && outgoing_.empty();
  if (never_greets || never_reads || knows_why) leave(now_ns);
}

void Session::lose_queues(uint32_t epoch, uint64_t now_ns) {
  for (auto& [id, queue] : queues_) {
    // One that was made since then is not lost.
    if (static_cast<int32_t>(epoch - queue.epoch) > 0) queue.forget();
  }
  // Deletions that had to wait for an id: what is still to be deleted is asked for anew.
  std::erase_if(outstanding_,
                [](const Outstanding& each) { return each.ours && !each.ticket.has_value(); });
  stuck_ = false;
  retry_at_ns_ = 0;
  // What the device never answered has ended: it holds up nothing that a client who hears of the
  // reset lets go of.
  look_after_commands(now_ns);
  if (notices_ == nullptr) return;
  // A client that has not read so many is not one that waits for them.
  if (notices_->send(make_message(spec::rpc_code::queues_lost, 0)) != Channel::State::Ready) {
    leave(now_ns);
  }
}

void Session::answer_watchers(const Status& outcome) {
  for (const spec::RpcHeader& request : std::exchange(watch_requests_, {})) {
    watches_events_ |= outcome.ok();
    reply(outcome.ok() ? make_message(spec::rpc_code::watch_events, request.id)
                       : make_failure(request, outcome.failure()));
  }
}

void Session::tell(const AsyncEvent& event) {
  if (!watches_events_ || leaving_) return;
  spec::RpcEvent body{};
  body.dword0 = event.dword0;
  body.failed = event.failure.has_value() ? 1 : 0;
  body.dropped = events_dropped_;
  Message notice = make_message(spec::rpc_code::event, 0, body);
  append(notice, std::span(event.log));
  if (notices_->send(notice) != Channel::State::Ready) events_dropped_++;
}

void Session::tell_namespace_changes(const NamespaceChanges& since, uint64_t now_ns) {
  const NamespaceChanges own = std::exchange(own_changes_, {});
  if (sees_changes_ || notices_ == nullptr) return;
  std::vector<uint32_t> changed;
  for (uint32_t i = 0; i < std::size(since.of_id); i++) {
    if (since.of_id[i] != own.of_id[i]) changed.push_back(i);
  }
  if (changed.size() > kToldEachMax) changed = {kAllNamespaces};
  for (const uint32_t id : changed) {
    const spec::RpcNamespacesChanged body{id};
    const Message notice = make_message(spec::rpc_code::namespaces_changed, 0, body);
    // As of queues that were lost: what it does not read it would do wrong.
    if (notices_->send(notice) != Channel::State::Ready) return leave(now_ns);
  }
}

void Session::say_closing(const Status& why) {
  if (notices_ == nullptr) return;
  Message notice = make_message(spec::rpc_code::closing, 0);
  if (!why.ok()) notice = make_failure(notice.header(), why.failure());
  (void)notices_->send(notice);
}

std::optional<spec::RpcHeader> Session::take_status_request() {
  return std::exchange(status_request_, std::nullopt);
}

static_assert(sizeof(spec::RpcHeader) + sizeof(spec::RpcStatus) +
                  kClientsMax * sizeof(spec::RpcStatusClient) <=
              kMessageByteLengthMax);

void Session::reply_status(const spec::RpcHeader& request,
                           const std::vector<spec::RpcStatusClient>& clients) {
  spec::RpcStatus body{};
  body.client_count = static_cast<uint32_t>(clients.size());
  Message answer = make_message(spec::rpc_code::status, request.id, body);
  for (const spec::RpcStatusClient& client : clients) append(answer, client);
  reply(std::move(answer));
}

spec::RpcStatusClient Session::status(uint64_t now_ns) {
  spec::RpcStatusClient status{};
  status.client_id = peer_.client_id;
  status.pid = static_cast<uint32_t>(peer_.pid);
  status.uid = peer_.uid;
  status.queue_pairs = static_cast<uint32_t>(queues_.size());
  if (memory_ != nullptr) {
    status.mapped_bytes = memory_->mapped_bytes();
    status.mappings = static_cast<uint32_t>(memory_->piece_count());
  }
  status.leaving = leaving_ ? 1 : 0;
  status.io_commands = port_ == nullptr ? 0 : port_->io_commands();
  status.admin_commands = admin_commands_;
  status.connected_ns = now_ns - connected_ns_;
  return status;
}

}  // namespace nvm::rpc

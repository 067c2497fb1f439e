// SPDX-License-Identifier: MIT
#include "rpc/server.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "platform/clock.h"
#include "platform/namespace_changes.h"
#include "platform/ordering.h"
#include "platform/os_failure.h"

namespace nvm::rpc {
namespace {

// How long the thread looks all the time for the answer of the device, which takes some
// microseconds where the device has a CPU, and for what the client says next, which often follows
// at once: waking this thread takes longer than serving it. It does not yield meanwhile: where a
// scheduler charges a yield with a slice, this thread, for which all wait, would come last.
constexpr uint64_t kLookNs = 50'000;
// How often, while it has something to do, it sees who else wants to be heard.
constexpr uint64_t kAttendNs = 2 * kNanosecondsPerMillisecond;
constexpr int kLookAgainMs = 1;
constexpr int kLookLaterMs = 100;
constexpr int kAcceptRetryMs = 100;
constexpr int kWatchRetryMs = 1000;
constexpr uint64_t kStopNs = 10'000 * kNanosecondsPerMillisecond;

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServedController served, const std::string& path,
                                              const ServiceLimits& limits, ServicePolicy policy) {
  Result<SocketListener> listener = SocketListener::open(path, SOCK_SEQPACKET);
  if (!listener.ok()) return std::move(listener.status());
  UniqueFd wake_event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_event.valid()) return os_failure("eventfd", errno);
  return std::unique_ptr<Server>(new Server(std::move(served), limits, std::move(policy),
                                            std::move(listener.value()), std::move(wake_event)));
}

Server::Server(ServedController served, const ServiceLimits& limits, ServicePolicy policy,
               SocketListener listener, UniqueFd wake_event)
    : transport_(served.transport),
      admin_(served.admin),
      path_(listener.path()),
      listener_(std::move(listener)),
      wake_event_(std::move(wake_event)),
      service_(served, limits, std::move(policy)),
      controller_(std::move(served.controller)),
      follows_changes_(!transport_->hears_of_namespace_changes()) {
  admin_->watch_resets(this, [this] { notify(); });
  transport_->watch_namespace_changes(this, [this] { notify(); });
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "nvm-rpc");
}

void Server::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true);
  admin_->watch_resets(this, nullptr);
  transport_->watch_namespace_changes(this, nullptr);
  notify();
  thread_.join();
}

void Server::notify() {
  eventfd_write(wake_event_.get(), 1);
}

void Server::run() {
  Clock& clock = monotonic_clock();
  uint64_t worked_at_ns = 0;
  uint64_t attended_at_ns = 0;
  bool device_woken = false;
  uint64_t stop_at_ns = 0;
  // A client that spins may have the CPU that the device's thread wants: then this one steps it.
  const bool pumps = transport_->capabilities().pumps;
  for (;;) {
    const uint64_t now_ns = clock.now_ns();
    if (stopping_.load() && stop_at_ns == 0) {
      listener_.reset();
      service_.close(now_ns);
      stop_at_ns = now_ns + kStopNs;
    }
    if (service_.step(now_ns)) {
      worked_at_ns = now_ns;
      device_woken = false;
    }
    pass_events_on(now_ns);
    if (stop_at_ns != 0 && (service_.is_settled() || now_ns >= stop_at_ns)) break;
    const bool waits = service_.waits_for_device();
    if (waits && pumps) transport_->pump();
    if (now_ns - worked_at_ns < kLookNs) {
      spin_hint();
      // A client that asks all the time shall not be the only one that is heard.
      if (now_ns - attended_at_ns < kAttendNs) continue;
      attend(0);
    } else {
      if (waits && !std::exchange(device_woken, true)) admin_->wake_device();
      attend(wait_ms());
    }
    attended_at_ns = clock.now_ns();
  }
  events_.reset();
}

// From the first client on that wants to hear of events, or at once where clients are to be told of
// what other controllers change; after a failure while there are clients.
bool Server::is_to_watch() const {
  if (controller_ == nullptr || stopping_.load()) return false;
  const bool for_changes = watch_again_at_ns_ == 0 || !service_.is_empty();
  return service_.wants_events() || (follows_changes_ && for_changes);
}

// Who asks for events is answered once every event from then on is told.
void Server::pass_events_on(uint64_t now_ns) {
  if (events_ == nullptr) {
    if (!is_to_watch() || now_ns < watch_again_at_ns_) return;
    auto started = EventFollower::start(controller_, [this] { notify(); });
    if (!started.ok()) return end_watch(started.status(), now_ns);
    events_ = std::move(started.value());
  }
  const EventFollower::News news = events_->take();
  service_.count_dropped_events(news.dropped);
  for (const AsyncEvent& event : news.events) service_.tell(event);
  if (news.watches) begin_watch();
  if (news.failure) end_watch(*news.failure, now_ns);
}

void Server::begin_watch() {
  // Of what has changed since it failed, nobody was told.
  if (std::exchange(watch_again_at_ns_, 0) != 0 && follows_changes_) {
    transport_->count_namespace_change(kAllNamespaces);
  }
  service_.answer_watchers({});
}

// It is begun anew for whoever asks next, and for those who have been told that it is there.
void Server::end_watch(const Status& why, uint64_t now_ns) {
  service_.answer_watchers(why);
  events_.reset();
  watch_again_at_ns_ = now_ns + kWatchRetryMs * kNanosecondsPerMillisecond;
}

// How long nothing has to be done, unless somebody says something; −1: for ever.
int Server::wait_ms() {
  if (service_.waits_for_device() || stopping_.load()) return kLookAgainMs;
  if (service_.waits_long()) return kLookLaterMs;
  // Where the system refused, for example for lack of descriptors, it is asked again later.
  if (accept_later_) return kAcceptRetryMs;
  return events_ == nullptr && is_to_watch() ? kWatchRetryMs : -1;
}

// Until a client says something, a new one comes, or somebody has notified.
void Server::attend(int timeout_ms) {
  std::vector<pollfd> waiting{{wake_event_.get(), POLLIN, 0}};
  // While there is no room the next ones wait in the socket's line: who says nothing is dropped.
  const bool accepts =
      listener_.has_value() && !std::exchange(accept_later_, false) && service_.has_room();
  if (accepts) waiting.push_back({listener_->socket(), POLLIN, 0});
  service_.for_each_channel([&](Channel& channel, bool receives, bool sends) {
    const auto events = static_cast<short>((receives ? POLLIN : 0) | (sends ? POLLOUT : 0));
    waiting.push_back({static_cast<SocketChannel&>(channel).socket(), events, 0});
  });
  const int ready = poll(waiting.data(), waiting.size(), timeout_ms);
  if (ready <= 0) return;
  if (waiting[0].revents != 0) {
    eventfd_t ignored;
    eventfd_read(wake_event_.get(), &ignored);
  }
  if (accepts && waiting[1].revents != 0) accept_client();
}

void Server::accept_client() {
  UniqueFd socket = listener_->accept();
  if (!socket.valid()) {
    accept_later_ = true;
    return;
  }
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return;
  // The socket's mode keeps others away, until somebody changes that or passes a socket on.
  const bool is_stranger = credentials.uid != 0 && credentials.uid != geteuid();
  service_.connect(std::make_unique<SocketChannel>(std::move(socket)),
                   {credentials.pid, credentials.uid, credentials.gid, 0, is_stranger},
                   monotonic_clock().now_ns());
}

}  // namespace nvm::rpc

// SPDX-License-Identifier: MIT
#include "vfio_user/client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "platform/clock.h"
#include "platform/os_failure.h"

namespace nvm::vfio_user {
namespace {

// Commands of the server that are refused while a reply is waited for.
constexpr int kRequestsMax = 64;
// How often somebody who waits looks whether that was given up.
constexpr uint64_t kLookEveryMs = 10;
// The widest register.
constexpr uint64_t kDataByteLengthNeeded = 8;

Result<UniqueFd> connect_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Status(ErrorCode::Target, path + " is longer than a socket's path may be (" +
                                         std::to_string(sizeof address.sun_path - 1) + ")");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return os_failure("socket", errno);
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return socket;
  }
  const int refused = errno;
  if (refused == EAGAIN) {
    return Status(ErrorCode::Busy, path + ": others wait there to be served", refused);
  }
  if (refused == EACCES || refused == EPERM) return os_failure("connect " + path, refused);
  return Status(ErrorCode::Target, "connect " + path + ": " + describe_errno(refused), refused);
}

// What it is called in the protocol, for messages.
const char* name_of(CommandCode code) {
  switch (code) {
    case CommandCode::Version:
      return "VERSION";
    case CommandCode::DmaMap:
      return "DMA_MAP";
    case CommandCode::DmaUnmap:
      return "DMA_UNMAP";
    case CommandCode::DeviceGetInfo:
      return "DEVICE_GET_INFO";
    case CommandCode::DeviceGetRegionInfo:
      return "DEVICE_GET_REGION_INFO";
    case CommandCode::DeviceGetIrqInfo:
      return "DEVICE_GET_IRQ_INFO";
    case CommandCode::DeviceSetIrqs:
      return "DEVICE_SET_IRQS";
    case CommandCode::RegionRead:
      return "REGION_READ";
    case CommandCode::RegionWrite:
      return "REGION_WRITE";
    case CommandCode::DmaRead:
      return "DMA_READ";
    case CommandCode::DmaWrite:
      return "DMA_WRITE";
    case CommandCode::DeviceReset:
      return "DEVICE_RESET";
  }
  return "?";
}

}  // namespace

Result<std::unique_ptr<Client>> Client::connect(const std::string& path, uint32_t reply_timeout_ms,
                                                const std::atomic<bool>* given_up) {
  Result<UniqueFd> socket = connect_socket(path);
  if (!socket.ok()) return std::move(socket.status());
  return agree_on(std::move(socket.value()), path, reply_timeout_ms, given_up);
}

Result<std::unique_ptr<Client>> Client::agree_on(UniqueFd socket, const std::string& path,
                                                 uint32_t reply_timeout_ms,
                                                 const std::atomic<bool>* given_up) {
  std::unique_ptr<Client> client(new Client(std::move(socket), path, reply_timeout_ms));
  client->given_up_ = given_up;
  NVM_TRY(client->agree());
  return client;
}

Client::~Client() {
  shutdown(connection_.socket(), SHUT_RDWR);
}

Status Client::agree() {
  const VersionBody body{kMajorVersion, kMinorVersion};
  const std::string_view json = capabilities_json();
  constexpr std::byte end{0};
  auto reply = call(CommandCode::Version,
                    {as_bytes_of(body), std::as_bytes(std::span(json)), as_bytes_of(end)});
  if (!reply.ok() && reply.status().failure().code == ErrorCode::ControllerGone) {
    return Status(ErrorCode::Busy, path_ +
                                       " took the connection and did not agree on a version; "
                                       "it may serve another client, of which it has one (" +
                                       reply.status().failure().detail + ")");
  }
  if (!reply.ok()) return std::move(reply.status());
  const auto version = parse_version_reply(reply.value().payload);
  if (!version) return Status(ErrorCode::Unsupported, path_ + ": its VERSION is malformed");
  if (version->body.major != kMajorVersion || version->body.minor > kMinorVersion) {
    return Status(ErrorCode::Unsupported,
                  path_ + " speaks vfio-user " + std::to_string(version->body.major) + "." +
                      std::to_string(version->body.minor) + ", and not 0.1");
  }
  capabilities_ = version->capabilities;
  if (capabilities_.fds_max == 0 || capabilities_.dma_maps_max == 0 ||
      capabilities_.data_byte_length_max < kDataByteLengthNeeded ||
      (capabilities_.page_sizes & kDmaPageByteLength) == 0) {
    return Status(ErrorCode::Unsupported,
                  path_ +
                      " takes no file descriptors, no registers of 8 bytes, or no memory in "
                      "pages of 4 KiB");
  }
  return {};
}

Status Client::gone_status() {
  std::lock_guard lock(mutex_);
  return Status(ErrorCode::ControllerGone, path_ + ": the server " + why_gone_);
}

bool Client::is_gone() {
  if (gone_.load(std::memory_order_acquire)) return true;
  pollfd waiting{connection_.socket(), POLLRDHUP, 0};
  if (poll(&waiting, 1, 0) != 1) return false;
  hang_up("closed the connection");
  return true;
}

void Client::hang_up(const std::string& why) {
  std::lock_guard lock(mutex_);
  (void)hang_up_locked(why);
}

// What was asked may still be answered, so what comes now can be taken for no answer any more.
Status Client::hang_up_locked(const std::string& why) {
  if (!gone_.load(std::memory_order_relaxed)) {
    why_gone_ = why;
    pollfd closed{connection_.socket(), POLLRDHUP, 0};
    has_closed_.store(poll(&closed, 1, 0) == 1, std::memory_order_release);
  }
  gone_.store(true, std::memory_order_release);
  shutdown(connection_.socket(), SHUT_RDWR);
  return Status(ErrorCode::ControllerGone, path_ + ": the server " + why_gone_);
}

// False when the time is up.
bool Client::wait(short events, uint64_t deadline_ns) {
  for (;;) {
    const uint64_t now_ns = monotonic_clock().now_ns();
    if (now_ns >= deadline_ns) return false;
    uint64_t left_ms = (deadline_ns - now_ns) / kNanosecondsPerMillisecond + 1;
    if (const auto* given_up = given_up_.load()) {
      if (given_up->load()) return false;
      left_ms = std::min(left_ms, kLookEveryMs);
    }
    pollfd waiting{connection_.socket(), events, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(left_ms));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

Result<Client::Reply> Client::call(CommandCode code, Parts parts, int fd, size_t fds_max) {
  std::lock_guard lock(mutex_);
  if (gone_.load(std::memory_order_relaxed)) return hang_up_locked(why_gone_);
  return exchange(code, parts, fd, fds_max);
}

void Client::post(Message message) {
  std::lock_guard lock(mutex_);
  if (gone_.load(std::memory_order_relaxed)) return;
  const uint64_t deadline_ns =
      monotonic_clock().now_ns() + reply_timeout_ms_ * kNanosecondsPerMillisecond;
  Connection::State state = connection_.send(std::move(message));
  while (state == Connection::State::Blocked) {
    if (!wait(POLLOUT, deadline_ns)) {
      (void)hang_up_locked("stopped reading");
      return;
    }
    state = connection_.flush();
  }
  if (state == Connection::State::Broken) (void)hang_up_locked("closed the connection");
}

Result<Client::Reply> Client::exchange(CommandCode code, Parts parts, int fd, size_t fds_max) {
  const Header asked{next_message_id_++, static_cast<uint16_t>(code), 0, 0, 0};
  Message message = make_command(code, asked.message_id, 0, parts);
  message.fd = fd;
  const uint64_t deadline_ns =
      monotonic_clock().now_ns() + reply_timeout_ms_ * kNanosecondsPerMillisecond;
  Connection::State state = connection_.send(std::move(message));
  for (int requests = 0; state != Connection::State::Broken;) {
    state = connection_.receive();
    if (state == Connection::State::Blocked && !wait(connection_.events(), deadline_ns)) {
      return hang_up_locked(std::string("did not answer ") + name_of(code) + " within " +
                            std::to_string(reply_timeout_ms_) + " ms");
    }
    if (state != Connection::State::Ready) continue;
    if (is_reply(connection_.header())) return take_reply(asked, fds_max);
    if (++requests > kRequestsMax || !refuse_request()) {
      return hang_up_locked("asks for what it was not offered");
    }
  }
  return hang_up_locked("closed the connection, or sent what is no message");
}

// A command of the server: it has no reason for one, as all memory was mapped with a descriptor.
bool Client::refuse_request() {
  const Header header = connection_.header();
  connection_.finish();
  if ((header.flags & header_flag::no_reply) != 0) return true;
  return connection_.send(make_error_reply(header, ENOTSUP)) != Connection::State::Broken;
}

Result<Client::Reply> Client::take_reply(const Header& asked, size_t fds_max) {
  auto reply = judge_reply(asked, fds_max);
  connection_.finish();
  return reply;
}

Result<Client::Reply> Client::judge_reply(const Header& asked, size_t fds_max) {
  const Header& header = connection_.header();
  const std::string name = name_of(static_cast<CommandCode>(asked.command));
  if (header.message_id != asked.message_id || header.command != asked.command) {
    return hang_up_locked("answered what it was not asked, instead of " + name);
  }
  Reply reply{{connection_.payload().begin(), connection_.payload().end()}, connection_.take_fds()};
  if (reply.fds.size() > fds_max) {
    return hang_up_locked("sent " + std::to_string(reply.fds.size()) +
                          " file descriptors with its reply to " + name);
  }
  if ((header.flags & header_flag::error) == 0) return reply;
  if (header.error == 0 || header.error > INT32_MAX) {
    return hang_up_locked("refused " + name + " without a reason");
  }
  const int refused = static_cast<int>(header.error);
  return Status(ErrorCode::Os, path_ + " refused " + name + ": " + describe_errno(refused),
                refused);
}

}  // namespace nvm::vfio_user

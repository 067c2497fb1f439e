// SPDX-License-Identifier: MIT
// A vfio-user server that does what the test says, and what no server should. Unless told otherwise
// it serves an NVMe controller as far as registers go, in the shape of SPDK's.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "descriptor_socket.h"
#include "spec/nvme.h"
#include "vfio_user/served.h"

namespace nvm::test {

using vfio_user::CommandCode;
using vfio_user::Header;
using vfio_user::test::Bytes;
using vfio_user::test::join;
using vfio_user::test::with_tail;

class ScriptedServer {
 public:
  // What goes back for a command, as it is on the wire; empty: nothing.
  using Answer = std::function<Bytes(const Header&, const Bytes& payload)>;

  ScriptedServer() {
    listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    folder_.socket().copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(listener_.get(), 4) == 0);
    doorbells.reset(memfd_create("doorbells", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    REQUIRE(ftruncate(doorbells.get(), 0x2000) == 0);
  }
  ~ScriptedServer() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }

  // The script, before start().
  std::map<CommandCode, Answer> answers;
  std::string capabilities = R"({"capabilities":{"max_msg_fds":8,"max_data_xfer_size":131072}})";
  uint64_t cap = spec::cap::mqes.put(255) | spec::cap::to.put(2) | spec::cap::css.put(1);
  uint32_t device_class = 0x010802;
  size_t dma_regions_max = 16;
  bool maps_doorbells = true;
  UniqueFd doorbells;
  std::vector<int> fds_to_send;  // with the next reply, beside its own

  void start() {
    thread_ = std::thread([this] { run(); });
  }
  std::string path() const { return folder_.socket(); }
  void stop_reading() {
    reading_ = false;
    while (!idle_) usleep(100);
  }
  void hang_up() { hanging_up_ = true; }
  size_t dma_regions() const { return dma_regions_; }
  size_t payload_bytes_max() const { return payload_bytes_max_; }
  std::vector<CommandCode> commands() {
    std::lock_guard lock(mutex_);
    return commands_;
  }

  static Bytes reply(const Header& asked, const Bytes& payload, uint32_t flags = 1,
                     uint32_t error = 0) {
    const auto byte_length = static_cast<uint32_t>(sizeof(Header) + payload.size());
    return with_tail(join(Header{asked.message_id, asked.command, byte_length, flags, error}),
                     payload);
  }
  static Bytes refuse(const Header& asked, int os_error) {
    return reply(asked, {}, 1 | vfio_user::header_flag::error, static_cast<uint32_t>(os_error));
  }
  // What it answers when no script says otherwise.
  Bytes usual_answer(const Header& header, const Bytes& payload);

 private:
  void run();
  bool serve_message();
  bool fill(Bytes& bytes);
  void send(const Bytes& bytes);
  Bytes describe_region(const Header& header, uint32_t index);
  Bytes read_region(const Header& header, const vfio_user::RegionAccessBody& access) const;

  vfio_user::test::ScratchFolder folder_;
  UniqueFd listener_;
  UniqueFd client_;
  std::vector<int> reply_fds_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> reading_{true};
  std::atomic<bool> idle_{false};
  std::atomic<bool> hanging_up_{false};
  std::atomic<size_t> dma_regions_{0};
  std::atomic<size_t> payload_bytes_max_{0};
  std::mutex mutex_;  // guards what follows
  std::vector<CommandCode> commands_;
  std::thread thread_;
};

inline void ScriptedServer::run() {
  pollfd waiting{listener_.get(), POLLIN, 0};
  while (!stopping_ && !hanging_up_) {
    waiting.fd = client_.valid() ? client_.get() : listener_.get();
    idle_ = !reading_;
    if (!reading_ || poll(&waiting, 1, 5) != 1) {
      usleep(500);
      continue;
    }
    if (!client_.valid()) {
      client_.reset(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    } else if (!serve_message()) {
      break;
    }
  }
  client_.reset();
}

inline bool ScriptedServer::fill(Bytes& bytes) {
  std::vector<UniqueFd> unwanted;
  return receive_with_fds(client_.get(), bytes, unwanted);
}

inline void ScriptedServer::send(const Bytes& bytes) {
  std::vector<int> fds = std::move(reply_fds_);
  fds.insert(fds.end(), fds_to_send.begin(), fds_to_send.end());
  reply_fds_.clear();
  fds_to_send.clear();
  (void)send_with_fds(client_.get(), bytes, fds);
}

inline bool ScriptedServer::serve_message() {
  Bytes head(sizeof(Header));
  if (!fill(head)) return false;
  const Header header = vfio_user::test::head_of(head);
  if (vfio_user::is_reply(header)) return true;
  Bytes payload(header.byte_length - sizeof header);
  if (!fill(payload)) return false;
  payload_bytes_max_ = std::max<size_t>(payload_bytes_max_, payload.size());
  const auto code = static_cast<CommandCode>(header.command);
  {
    std::lock_guard lock(mutex_);
    commands_.push_back(code);
  }
  const auto script = answers.find(code);
  const Bytes answer =
      script == answers.end() ? usual_answer(header, payload) : script->second(header, payload);
  if (!answer.empty() && (header.flags & vfio_user::header_flag::no_reply) == 0) send(answer);
  return true;
}

inline Bytes ScriptedServer::describe_region(const Header& header, uint32_t index) {
  using namespace vfio_user;
  constexpr uint64_t kLengths[] = {0x4000, 0, 0, 0, 0x2000, 0x1000, 0, 0x1000, 0};
  const RegionInfoBody plain{sizeof plain, 3, index, 0, kLengths[index % 9], 0};
  if (index != 0 || !maps_doorbells) return reply(header, join(plain));
  const RegionInfoBody body{64, 0xf, 0, 32, 0x4000, 0};
  reply_fds_ = {doorbells.get()};
  return reply(header, join(body, SparseMapHead{kSparseMapCapability, 1, 0, 1, 0},
                            SparseArea{0x1000, 0x1000}));
}

inline Bytes ScriptedServer::read_region(const Header& header,
                                         const vfio_user::RegionAccessBody& access) const {
  uint64_t value = 0;
  if (access.region == 0 && access.offset == spec::registers::cap) value = cap;
  if (access.region == 0 && access.offset == spec::registers::vs) value = 0x00010400;
  if (access.region == 7 && access.offset == 6) value = 0x10;     // a list of capabilities,
  if (access.region == 7 && access.offset == 0x34) value = 0x40;  // of which the only one
  if (access.region == 7 && access.offset == 0x40) value = 0x11;  // is MSI-X
  if (access.region == 7 && access.offset == 8) value = uint64_t{device_class} << 8;
  const auto bytes = vfio_user::as_bytes_of(value);
  return reply(header, with_tail(join(access), bytes.first(std::min<size_t>(access.count, 8))));
}

inline Bytes ScriptedServer::usual_answer(const Header& header, const Bytes& payload) {
  using namespace vfio_user;
  const Bytes message = with_tail(join(header), payload);
  using vfio_user::test::body_of;
  switch (static_cast<CommandCode>(header.command)) {
    case CommandCode::Version:
      return reply(
          header,
          with_tail(join(VersionBody{0, 1}),
                    std::as_bytes(std::span(capabilities.c_str(), capabilities.size() + 1))));
    case CommandCode::DeviceGetInfo:
      return reply(header, join(DeviceInfoBody{16, 3, 9, 5}));
    case CommandCode::DeviceGetRegionInfo:
      return describe_region(header, body_of<RegionInfoBody>(message).index);
    case CommandCode::DeviceGetIrqInfo:
      return reply(header, join(IrqInfoBody{16, 1, body_of<IrqInfoBody>(message).index, 8}));
    case CommandCode::RegionRead:
      return read_region(header, body_of<RegionAccessBody>(message));
    case CommandCode::RegionWrite:
      return reply(header, join(body_of<RegionAccessBody>(message)));
    case CommandCode::DmaMap:
      if (dma_regions_ == dma_regions_max) return refuse(header, ENOSPC);
      dma_regions_++;
      return reply(header, {});
    case CommandCode::DmaUnmap:
      dma_regions_--;
      return reply(header, join(body_of<DmaUnmapBody>(message)));
    default:
      return reply(header, {});
  }
}

}  // namespace nvm::test

// SPDX-License-Identifier: MIT
// The client's end of the protocol: a connection to a server, one request at a time, each answered
// within a bound. A server that closes, answers late or answers something else is gone for good:
// nothing that it says later is believed.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "platform/status.h"
#include "vfio_user/connection.h"
#include "vfio_user/reply.h"

namespace nvm::vfio_user {

class Client {
 public:
  static constexpr uint32_t kReplyTimeoutMs = 5000;

  // Connects to the socket at `path` and agrees on version and capabilities. ERR_TARGET when nobody
  // listens there, ERR_PERMISSION, ERR_BUSY when it does not answer, which is how a server that has
  // another client behaves; ERR_UNSUPPORTED when it speaks another version, or takes too little.
  // Until use(), no call waits any longer once `given_up`, if given, is true.
  static Result<std::unique_ptr<Client>> connect(const std::string& path,
                                                 uint32_t reply_timeout_ms = kReplyTimeoutMs,
                                                 const std::atomic<bool>* given_up = nullptr);

  // The same on a connected socket; `path` is for messages.
  static Result<std::unique_ptr<Client>> agree_on(UniqueFd socket, const std::string& path,
                                                  uint32_t reply_timeout_ms,
                                                  const std::atomic<bool>* given_up = nullptr);
  // Ends the connection, also where the program has kept a descriptor of the socket.
  ~Client();

  struct Reply {
    std::vector<std::byte> payload;
    std::vector<UniqueFd> fds;  // at most as many as were asked for
  };
  using Parts = std::initializer_list<std::span<const std::byte>>;

  // The server is taken: from now on its answers are waited for in any case.
  void use() { given_up_.store(nullptr); }

  // Sends a command, with `fd` (−1: none), and waits for its reply. ERR_OS with the errno of a
  // refusal; ERR_CONTROLLER_GONE when the server is. Any thread.
  Result<Reply> call(CommandCode code, Parts parts, int fd = -1, size_t fds_max = 0);
  // Sends commands, one after the other in `message`, that ask for no reply. Waits only for a
  // server that does not read.
  void post(Message message);

  // From now on the server is gone, for the reason `why`.
  void hang_up(const std::string& why);
  // Also looks whether the server has closed meanwhile.
  bool is_gone();
  Status gone_status();
  // Of a server that is gone: it has closed the connection itself, so that it uses no memory of
  // ours any more. One that was late, or said what it should not, may still.
  bool has_closed() const { return has_closed_.load(std::memory_order_acquire); }

  const PeerCapabilities& capabilities() const { return capabilities_; }
  const std::string& path() const { return path_; }
  // To be told of its end by poll(); not to be read.
  int socket() const { return connection_.socket(); }

 private:
  Client(UniqueFd socket, std::string path, uint32_t reply_timeout_ms)
      : path_(std::move(path)),
        reply_timeout_ms_(reply_timeout_ms),
        connection_(std::move(socket)) {}

  Status agree();
  Result<Reply> exchange(CommandCode code, Parts parts, int fd, size_t fds_max);
  Result<Reply> take_reply(const Header& asked, size_t fds_max);
  Result<Reply> judge_reply(const Header& asked, size_t fds_max);
  bool refuse_request();
  bool wait(short events, uint64_t deadline_ns);
  Status hang_up_locked(const std::string& why);

  const std::string path_;
  const uint32_t reply_timeout_ms_;
  PeerCapabilities capabilities_;
  std::atomic<bool> gone_ = false;
  std::atomic<bool> has_closed_ = false;
  std::atomic<const std::atomic<bool>*> given_up_ = nullptr;

  std::mutex mutex_;  // guards everything below
  Connection connection_;
  uint16_t next_message_id_ = 0;
  std::string why_gone_;
};

}  // namespace nvm::vfio_user

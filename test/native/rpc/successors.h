// SPDX-License-Identifier: MIT
// Managers of an emulator that come one after the other.
#pragma once

#include <sys/socket.h>

#include "platform/socket_listener.h"
#include "rpc/sharing.h"
#include "transport/rpc_transport.h"

namespace nvm::test {

// Managers, one after the other, at one path: of an image, or of memory.
class Successors {
 public:
  explicit Successors(bool in_memory = false) {
    options_.namespaces[0].byte_length = 8 << 20;
    options_.create = true;
    if (!in_memory) options_.image = folder_ / "image";
    start();
  }

  void start(const rpc::ServiceLimits& limits = {}, rpc::ServicePolicy policy = {}) {
    controller_ = open_controller(open_emulator(options_));
    auto started = rpc::Server::start(rpc::share(*controller_).value(), folder_ / "nvm", limits,
                                      std::move(policy));
    REQUIRE(started.ok());
    server_ = std::move(started.value());
  }
  void end() {
    server_.reset();
    REQUIRE(controller_->close().ok());
    controller_.reset();
  }
  // After end(): whether a client looks for the next manager. What it was asked before may have
  // failed; what it is asked from then on waits.
  bool is_awaited() {
    auto listener = SocketListener::open(folder_ / "nvm", SOCK_SEQPACKET);
    REQUIRE(listener.ok());
    return wait_until(thread_waiter(), kTimeoutNs,
                      [&] { return listener.value().accept().valid(); });
  }
  EmulatorOptions& options() { return options_; }
  Controller& controller() { return *controller_; }

  Result<std::shared_ptr<Transport>> open(uint64_t reconnect_ns = kTimeoutNs) {
    return RpcTransport::open(folder_ / "nvm", reconnect_ns);
  }
  std::shared_ptr<Controller> connect(uint64_t reconnect_ns = kTimeoutNs) {
    return open_controller(open(reconnect_ns));
  }

 private:
  Folder folder_;
  EmulatorOptions options_;
  std::shared_ptr<Controller> controller_;
  std::unique_ptr<rpc::Server> server_;
};

}  // namespace nvm::test

// SPDX-License-Identifier: MIT
// A client's way to the controller, as RpcTransport: admin commands and mappings by asking the
// manager, queues and doorbells as memory that both have. No thread: its process looks for notices
// when it has time.
#pragma once

#include <sys/types.h>

#include <map>

#include "driver/remote_manager.h"
#include "rpc/belongings.h"
#include "rpc/client.h"
#include "sharing/wire.h"
#include "transport/transport.h"

namespace nvm::simulation {

class ClientTransport final : public Transport {
 public:
  // Over a client that has been greeted.
  static Result<std::shared_ptr<ClientTransport>> make(std::shared_ptr<rpc::Client> client,
                                                       std::shared_ptr<Wire> wire);
  ~ClientTransport() override;

  // The process hangs up, or is killed: the manager sees the end of the connection, and what is
  // still done through this object reaches neither the device nor memory that it sees.
  void leave();
  bool has_left() const { return wire_->is_cut(Wire::End::Client); }
  // Takes notices that have come: whether one says that all queues are lost.
  bool look_for_notices();
  void lose_queues() {
    if (lost_) lost_(ErrorCode::QueueLost);
  }
  rpc::Client& client() { return *client_; }
  // Why memory could not be unmapped, if that was so.
  const std::optional<Failure>& refusal() const { return refusal_; }
  // Of its port at the manager's side (SimulatedPort::name).
  ino_t port_name() const { return port_name_; }
  size_t mapping_count() const { return mapped_.size(); }

  const Capabilities& capabilities() const override { return capabilities_; }
  uint32_t read_register32(uint32_t offset) override;
  uint64_t read_register64(uint32_t offset) override;
  void write_register32(uint32_t, uint32_t) override {}
  void write_register64(uint32_t, uint64_t) override {}
  Status gone() override { return client_->gone(); }
  Doorbells doorbells() override;
  volatile void* bar() override { return bar_; }
  size_t bar_byte_length() override { return client_->welcome().bar_byte_length; }
  Result<Mapping> map(const Buffer& buffer) override;
  Status unmap(const Mapping& mapping) override;
  Status bind_wake(uint16_t vector, const WakeTarget& target) override {
    return belongings_->bind_wake(vector, target);
  }
  const RemoteManager* manager() override { return &manager_; }
  void on_queues_lost(std::function<void(ErrorCode why)> lost) override { lost_ = std::move(lost); }
  Status reset() override;
  bool is_gone() override { return !client_->is_connected(); }

 private:
  struct Mapped {
    std::byte* bytes;
    size_t byte_length;
    int fd;
  };

  ClientTransport(std::shared_ptr<rpc::Client> client, std::shared_ptr<Wire> wire);
  Status map_bar();

  const std::shared_ptr<rpc::Client> client_;
  const std::shared_ptr<rpc::Belongings> belongings_;
  const std::shared_ptr<Wire> wire_;
  std::unique_ptr<rpc::SocketChannel> notices_;
  Capabilities capabilities_;
  RemoteManager manager_;
  UniqueFd doorbell_fd_;
  std::byte* bar_ = nullptr;
  ino_t port_name_ = 0;
  std::map<uint64_t, Mapped> mapped_;  // by handle
  std::function<void(ErrorCode why)> lost_;
  std::optional<Failure> refusal_;
};

}  // namespace nvm::simulation

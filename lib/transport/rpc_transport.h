// SPDX-License-Identifier: MIT
// A controller that another process manages and shares: admin commands by asking it, queues,
// buffers and doorbells as memory that both have mapped.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>

#include "driver/remote_manager.h"
#include "rpc/belongings.h"
#include "rpc/client.h"
#include "rpc/client_bar.h"
#include "rpc/notices.h"
#include "rpc/reconnection.h"
#include "rpc/remote_events.h"
#include "transport/dma_pool.h"
#include "transport/transport.h"

namespace nvm {

class RpcTransport final : public Transport {
 public:
  // The manager that serves at `path`; as rpc::Client::connect(). `reconnect_ns`: for how long
  // another one is awaited there when that one has gone; 0: not at all.
  static Result<std::shared_ptr<Transport>> open(const std::string& path, uint64_t reconnect_ns);
  ~RpcTransport() override;

  const Capabilities& capabilities() const override { return capabilities_; }
  // All ones while there is no manager: gone() says why.
  uint32_t read_register32(uint32_t offset) override;
  uint64_t read_register64(uint32_t offset) override;
  // Registers are the manager's: nothing is written.
  void write_register32(uint32_t, uint32_t) override {}
  void write_register64(uint32_t, uint64_t) override {}
  Status gone() override { return client_->gone(); }
  Doorbells doorbells() override;
  void ring_wake() override { client_->post(spec::rpc_code::wake); }
  volatile void* bar() override { return bar_.bytes(); }
  size_t bar_byte_length() override { return bar_.byte_length(); }
  Result<std::shared_ptr<Buffer>> allocate(size_t byte_length) override;
  // ERR_UNSUPPORTED for memory without a descriptor: it cannot be given to the manager.
  Result<Mapping> map(const Buffer& buffer) override;
  Status unmap(const Mapping& mapping) override;
  Status bind_wake(uint16_t vector, const WakeTarget& target) override {
    return belongings_->bind_wake(vector, target);
  }
  const RemoteManager* manager() override { return &manager_; }
  const NamespaceChanges& namespace_changes() override;
  bool hears_of_namespace_changes() override { return true; }
  void on_queues_lost(std::function<void(ErrorCode why)> lost) override;
  Status reset() override;
  bool is_gone() override;
  bool awaits_manager() override { return !client_->is_connected() && has_next(); }
  bool has_next() override;
  uint32_t later_managers() override { return later_managers_.load(); }
  void stop_waiting() override;
  void resume_waiting() override { reconnection_.resume(); }
  void leave() override;

 private:
  static constexpr uint64_t kOfPool = 1;  // a handle that no manager gives: they are I/O addresses

  RpcTransport(std::shared_ptr<rpc::Client> client, uint64_t reconnect_ns);
  void receive(const rpc::Message& notice);
  UniqueFd lose_manager(const rpc::Notices::Pause& pause);
  Status accept(const rpc::Client& next) const;
  Status attach(rpc::Client& next);
  void lose_queues(ErrorCode why);
  Result<uint64_t> map_region(const Buffer& region);

  const std::shared_ptr<rpc::Client> client_;
  const std::shared_ptr<rpc::Belongings> belongings_;
  const std::shared_ptr<rpc::ReceivedEvents> events_;
  rpc::Reconnection reconnection_;
  rpc::ClientBar bar_;
  std::optional<DmaPool> pool_;  // where the device takes few regions of memory
  std::atomic<bool> pool_held_{false};
  std::atomic<uint32_t> later_managers_{0};
  Capabilities capabilities_;
  RemoteManager manager_;

  std::mutex lost_mutex_;
  std::function<void(ErrorCode why)> lost_;

  std::unique_ptr<rpc::Notices> notices_;  // last: its thread uses everything above
};

}  // namespace nvm

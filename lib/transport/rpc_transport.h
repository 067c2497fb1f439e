// SPDX-License-Identifier: MIT
// A controller that another process manages and shares: admin commands by asking it, queues,
// buffers and doorbells as memory that both have mapped.
#pragma once

#include <map>
#include <mutex>

#include "driver/remote_manager.h"
#include "rpc/client.h"
#include "rpc/notices.h"
#include "rpc/remote_events.h"
#include "transport/transport.h"

namespace nvm {

class RpcTransport final : public Transport {
 public:
  // The manager that serves at `path`; as rpc::Client::connect().
  static Result<std::shared_ptr<Transport>> open(const std::string& path);
  ~RpcTransport() override;

  const Capabilities& capabilities() const override { return capabilities_; }
  // All ones once the manager has gone: ERR_MANAGER_GONE.
  uint32_t read_register32(uint32_t offset) override;
  uint64_t read_register64(uint32_t offset) override;
  // Registers are the manager's: nothing is written.
  void write_register32(uint32_t, uint32_t) override {}
  void write_register64(uint32_t, uint64_t) override {}
  Status gone() override { return client_->gone(); }
  Doorbells doorbells() override;
  void ring_wake() override { client_->post(spec::rpc_code::wake); }
  volatile void* bar() override { return bar_; }
  size_t bar_byte_length() override { return bar_byte_length_; }
  // ERR_UNSUPPORTED for memory without a descriptor: it cannot be given to the manager.
  Result<Mapping> map(const Buffer& buffer) override;
  Status unmap(const Mapping& mapping) override;
  Status bind_wake(uint16_t vector, const WakeTarget& target) override;
  const RemoteManager* manager() override { return &manager_; }
  void on_queues_lost(std::function<void()> lost) override;
  Status reset() override;
  // An emulator ends with its manager; what a drive does then, nobody knows.
  bool is_gone() override { return client_->is_broken() && capabilities_.emulated; }

 private:
  // Memory that was mapped, so that addresses in it have I/O addresses.
  struct Mapped {
    std::byte* bytes;
    size_t byte_length;
    std::vector<IoRun> runs;
  };

  explicit RpcTransport(std::shared_ptr<rpc::Client> client);
  Status map_bar();
  Result<uint64_t> io_address_of(const void* address);
  void leave_doorbells();
  void lose_queues();

  const std::shared_ptr<rpc::Client> client_;
  const std::shared_ptr<rpc::ReceivedEvents> events_;
  Capabilities capabilities_;
  RemoteManager manager_;
  std::byte* bar_ = nullptr;
  size_t bar_byte_length_ = 0;

  std::mutex mutex_;                      // guards everything below
  std::map<uint64_t, Mapped> mapped_;     // by handle
  std::map<uint16_t, WakeTarget> wakes_;  // by vector
  std::mutex lost_mutex_;
  std::function<void()> lost_;

  std::unique_ptr<rpc::Notices> notices_;  // last: its thread uses everything above
};

}  // namespace nvm

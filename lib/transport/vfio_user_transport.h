// SPDX-License-Identifier: MIT
// A controller that another process serves over vfio-user: registers by messages, doorbells in a
// page of the server's where it gives one and by messages where it does not, DMA in memory that it
// is given as file descriptors, interrupts as eventfds. Clients in other processes are given the
// same doorbells, and what was read of the registers last.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "memory/io_address_space.h"
#include "transport/device_events.h"
#include "transport/dma_pool.h"
#include "transport/mapped_doorbells.h"
#include "transport/shared_registers.h"
#include "transport/transport.h"
#include "transport/trapped_doorbells.h"
#include "transport/vfio_user_device.h"

namespace nvm {

class VfioUserTransport final : public Transport {
 public:
  struct Waiting {
    uint32_t reply_timeout_ms;
    uint64_t reconnect_ns;
  };

  VfioUserTransport(std::shared_ptr<VfioUserDevice> device, const std::string& path,
                    Waiting waiting);
  ~VfioUserTransport() override;
  // What needs a message, before anybody has this transport.
  Status start();

  const Capabilities& capabilities() const override { return capabilities_; }
  uint32_t read_register32(uint32_t offset) override {
    return static_cast<uint32_t>(read_register(offset, sizeof(uint32_t)));
  }
  uint64_t read_register64(uint32_t offset) override {
    return read_register(offset, sizeof(uint64_t));
  }
  void write_register32(uint32_t offset, uint32_t value) override;
  void write_register64(uint32_t offset, uint64_t value) override {
    device()->write_register(offset, value, sizeof value);
  }
  Status gone() override;
  Doorbells doorbells() override;
  void ring_wake() override;
  void clear_doorbell(uint16_t queue_id, bool completion) override;
  std::optional<ShadowPages> shadow_pages() override;
  void use_shadow_pages() override { trapped_->use_shadow(); }
  volatile void* bar() override { return nullptr; }  // the registers are no memory
  size_t bar_byte_length() override { return 0; }
  Result<std::shared_ptr<Buffer>> allocate(size_t byte_length) override {
    return pool_.allocate(byte_length);
  }
  Result<Mapping> map(const Buffer& buffer) override;
  Status unmap(const Mapping& mapping) override;
  Status bind_wake(uint16_t vector, const WakeTarget& target) override;
  // Clients read CC and CSTS as they were a tenth of a second ago, or as this process saw them
  // later.
  Result<std::unique_ptr<ClientPort>> open_port(const SharingPolicy& policy) override;
  Status reset() override;
  bool is_gone() override { return is_away() && !has_next(); }
  void on_queues_lost(std::function<void(ErrorCode why)> lost) override;
  void on_device_back(std::function<Status()> revive) override;
  bool awaits_manager() override;
  bool has_next() override;
  uint32_t later_managers() override { return later_servers_.load(); }
  void stop_waiting() override { stopped_.store(true); }
  void resume_waiting() override { stopped_.store(false); }

 private:
  // What the server was given of a file.
  struct Region {
    uint64_t byte_length;
    int fd;  // the buffer's, which outlives this; −1: a client's, and no next server is awaited
    uint64_t file_offset;
  };
  // Where memory shall be for the device: from `exactly` on unless that is 0, or anywhere above.
  struct Place {
    uint64_t exactly = 0;
    uint64_t above = 0;
  };

  std::shared_ptr<VfioUserDevice> device();
  bool is_away();
  uint64_t read_register(uint32_t offset, uint32_t byte_length);
  Result<uint64_t> map_file(const Buffer& buffer, const Place& place);
  Result<uint64_t> take_addresses(uint64_t byte_length, const Place& place);
  Result<Mapping> map_clients(const Buffer& buffer, uint64_t wanted);
  void refresh_registers();
  void release_port();
  void send_rings(const std::vector<TrappedDoorbells::Ring>& rings);
  bool map_doorbells();
  void lose_server();
  int find_next(DeviceEvents& events);
  Status await_next(DeviceEvents& events);
  Status attempt(DeviceEvents& events, bool& final);
  Status accept(VfioUserDevice& next);
  Status attach(const std::shared_ptr<VfioUserDevice>& next, DeviceEvents& events);
  Status revive();

  Capabilities capabilities_;
  const std::string path_;
  const Waiting waiting_;
  uint64_t controller_capabilities_ = 0;  // the register CAP
  std::atomic<bool> away_{false};         // there is no server that anybody should ask
  std::atomic<bool> stopped_{false};
  std::atomic<uint32_t> later_servers_{0};

  std::mutex device_mutex_;  // guards what follows
  std::shared_ptr<VfioUserDevice> device_;
  std::optional<Failure> gave_up_;  // another server was awaited: why none came

  std::mutex callback_mutex_;  // guards what follows; held while one of them is called
  std::function<void(ErrorCode why)> lost_;
  std::function<Status()> revive_;

  std::mutex mutex_;  // guards what follows, and what the server has been given of it
  IoAddressSpace io_addresses_;
  std::map<uint64_t, Region> regions_;  // by I/O address

  DmaPool pool_;
  uint32_t stride_bytes_ = 0;
  std::unique_ptr<SharedRegisters> registers_;
  uint32_t ports_ = 0;                       // that are open; guarded by `mutex_`
  std::atomic<uint32_t> always_rung_{1};     // doorbells need a call each time
  std::unique_ptr<MappedDoorbells> mapped_;  // one of the two
  std::unique_ptr<TrappedDoorbells> trapped_;
  uint64_t shadow_address_ = 0;
  std::unique_ptr<DeviceEvents> events_;  // last: its thread uses the others
};

// `path`: the server's socket. As VfioUserDevice::open.
// `reply_timeout_ms`: how long the server may take for a reply before it counts as gone.
// `reconnect_ns`: for how long another server is awaited at `path` when that one has closed the
// connection; 0: not at all.
Result<std::unique_ptr<Transport>> open_vfio_user_transport(
    const std::string& path, uint32_t reply_timeout_ms = vfio_user::Client::kReplyTimeoutMs,
    uint64_t reconnect_ns = 0);
// On a connected socket, of which nobody has read or written anything; `name` is for messages.
Result<std::unique_ptr<Transport>> open_vfio_user_transport(UniqueFd socket,
                                                            const std::string& name);

}  // namespace nvm

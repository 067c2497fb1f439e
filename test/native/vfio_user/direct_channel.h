// SPDX-License-Identifier: MIT
// A device on a subsystem that steps only when the guest waits: no thread, no socket, no time.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>

#include <functional>
#include <optional>

#include "emulator/models/latency_bandwidth_model.h"
#include "emulator/stores/memory_store.h"
#include "emulator/subsystem.h"
#include "vfio_user/device.h"
#include "vfio_user/guest.h"

namespace nvm::vfio_user::test {

constexpr uint64_t kStoreByteLength = 1 << 20;

struct ScriptedClock final : Clock {
  uint64_t now_ns() override { return now; }
  uint64_t now = 0;
};

class DirectChannel final : public Channel {
 public:
  explicit DirectChannel(uint64_t latency_ns = 0, Doorbells doorbells = Doorbells::Trap)
      : subsystem_(emulator::Identity{}) {
    auto store = emulator::make_memory_store(kStoreByteLength);
    REQUIRE(store.ok());
    std::unique_ptr<emulator::TimingModel> timing;
    if (latency_ns) timing = std::make_unique<emulator::LatencyBandwidthModel>(latency_ns, 0);
    subsystem_.add_namespace(
        emulator::make_nvm_namespace(std::move(store.value()), 512, std::move(timing)));
    device_.emplace(subsystem_.add_controller({}), doorbells, [this] { notifications++; });
  }

  Bytes call(CommandCode code, const Bytes& payload, std::initializer_list<int> fds = {}) override {
    return call_with(command(code, payload), payload, fds);
  }
  Bytes call_with(const Header& header, const Bytes& payload, const std::vector<int>& fds = {}) {
    std::vector<UniqueFd> owned;
    for (int fd : fds) owned.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, 0));
    auto outcome = device_->handle(header, payload, std::move(owned));
    return outcome.reply ? outcome.reply->bytes : Bytes();
  }
  void idle() override {
    subsystem_.step(clock);
    while (on_request) {
      auto request = device_->next_request();
      if (!request) return;
      Bytes reply = on_request(request->bytes);
      if (reply.empty()) continue;
      Bytes payload(reply.begin() + sizeof(Header), reply.end());
      CHECK_FALSE(device_->handle(head_of(reply), payload, {}).broken);
    }
  }

  Device& device() { return *device_; }

  ScriptedClock clock;
  int notifications = 0;
  // Answers a request of the device; with nothing: not at all.
  std::function<Bytes(const Bytes&)> on_request;

 private:
  emulator::Subsystem subsystem_;
  std::optional<Device> device_;
};

inline int map_range(Channel& channel, uint64_t address, uint64_t byte_length) {
  return error_of(
      channel.call(CommandCode::DmaMap, join(DmaMapBody{32, 3, 0, address, byte_length})));
}

inline int unmap_range(Channel& channel, uint32_t flags, uint64_t address, uint64_t byte_length) {
  return error_of(
      channel.call(CommandCode::DmaUnmap, join(DmaUnmapBody{24, flags, address, byte_length})));
}

}  // namespace nvm::vfio_user::test

// SPDX-License-Identifier: MIT
// The emulated controller as a vfio-user device: one message in, one reply out. It knows no sockets
// and no threads; every call is made with the device's baton held (emulator::Runner::Pause).
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "emulator/pcie_controller.h"
#include "platform/unique_fd.h"
#include "vfio_user/config_space.h"
#include "vfio_user/dma_registry.h"
#include "vfio_user/interrupts.h"
#include "vfio_user/message.h"

namespace nvm::vfio_user {

class Device {
 public:
  // `controller` outlives the device, and is given to nobody else.
  explicit Device(emulator::PcieController& controller);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  struct Outcome {
    std::optional<Reply> reply;       // nothing when the client wants none
    bool controller_written = false;  // it may have something to do now: wake whoever steps it
  };
  // Does what one message asks for. Closes the descriptors that it has no use for.
  Outcome handle(const Header& header, std::span<const std::byte> payload,
                 std::vector<UniqueFd> fds);

  // The client is gone: its memory and its eventfds go, the controller's state stays.
  void disconnect();

 private:
  Reply answer(const Header& header, const Request& request, std::vector<UniqueFd>& fds);
  Reply answer_version(const Header& header, const VersionRequest& request);
  Reply answer_dma_map(const Header& header, const DmaMapRequest& request,
                       std::vector<UniqueFd>& fds);
  Reply answer_dma_unmap(const Header& header, const DmaUnmapRequest& request);
  Reply answer_region_info(const Header& header, const RegionInfoRequest& request);
  Reply answer_irq_info(const Header& header, const IrqInfoRequest& request);
  Reply answer_irq_set(const Header& header, const IrqSetRequest& request,
                       std::vector<UniqueFd>& fds);
  Reply answer_region_read(const Header& header, const RegionReadRequest& request);
  Reply answer_region_write(const Header& header, const RegionWriteRequest& request);

  bool in_region(const RegionAccessBody& access, uint32_t needed_flag) const;
  void read_registers(uint64_t offset, std::span<std::byte> to);
  bool write_registers(uint64_t offset, std::span<const std::byte> from);
  void reset();

  emulator::PcieController& controller_;
  ConfigSpace config_space_;
  Interrupts interrupts_;
  DmaRegistry dma_;
  std::array<RegionDescription, 9> regions_;
  bool version_agreed_ = false;
  bool controller_written_ = false;
};

}  // namespace nvm::vfio_user

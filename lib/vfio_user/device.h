// SPDX-License-Identifier: MIT
// The emulated controller as a vfio-user device: one message in, one reply out. It knows no sockets
// and no threads; every call is made with the device's baton held (emulator::Runner::Pause).
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "emulator/pcie_controller.h"
#include "platform/unique_fd.h"
#include "vfio_user/config_space.h"
#include "vfio_user/dma_registry.h"
#include "vfio_user/interrupts.h"
#include "vfio_user/message.h"
#include "vfio_user/remote_memory.h"

namespace nvm::vfio_user {

// How a client rings.
enum class Doorbells {
  Trap,  // by messages: costs one for each ring, and nothing while idle
  Poll,  // in a page that it maps: costs the thread that steps the device, which must keep looking
};

class Device {
 public:
  // `controller` outlives the device, and is given to nobody else. `notify` is called, and must not
  // block, when next_request() has something to send.
  Device(emulator::PcieController& controller, Doorbells doorbells, std::function<void()> notify);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  struct Outcome {
    std::optional<Message> reply;     // nothing when the client wants none
    bool controller_written = false;  // it may have something to do now: wake whoever steps it
    bool broken = false;              // drop the client
  };
  // Does what one message asks for, or takes the reply to a request of ours. Closes the descriptors
  // that it has no use for.
  Outcome handle(const Header& header, std::span<const std::byte> payload,
                 std::vector<UniqueFd> fds);

  // The next request to the client, as long as it has room for one.
  bool has_request() const { return remote_memory_.has_request(); }
  std::optional<Message> next_request() { return remote_memory_.next_request(); }

  // True while the client may ring doorbells without saying so.
  bool must_be_polled();

  // Asks the client to let go of the device; it need not.
  void ask_release() { interrupts_.trigger(irq_index::release_request, 0); }

  // The client is gone: its memory and its eventfds go, the controller's state stays.
  void disconnect();

 private:
  Message answer(const Header& header, const Request& request, std::vector<UniqueFd>& fds);
  Message answer_version(const Header& header, const VersionRequest& request);
  Message answer_dma_map(const Header& header, const DmaMapRequest& request,
                         std::vector<UniqueFd>& fds);
  Message answer_dma_unmap(const Header& header, const DmaUnmapRequest& request);
  Message answer_region_info(const Header& header, const RegionInfoRequest& request);
  Message answer_irq_info(const Header& header, const IrqInfoRequest& request);
  Message answer_irq_set(const Header& header, const IrqSetRequest& request,
                         std::vector<UniqueFd>& fds);
  Message answer_region_read(const Header& header, const RegionReadRequest& request);
  Message answer_region_write(const Header& header, const RegionWriteRequest& request);
  void act_on_irqs(const IrqSetRequest& request);

  bool in_region(const RegionAccessBody& access, uint32_t needed_flag) const;
  void read_registers(uint64_t offset, std::span<std::byte> to);
  bool write_registers(uint64_t offset, std::span<const std::byte> from);
  void write_config(uint64_t offset, std::span<const std::byte> from);
  void obey_config();
  void follow_pin();
  void offer_doorbells();
  void reset();

  emulator::PcieController& controller_;
  const Doorbells doorbells_;
  ConfigSpace config_space_;
  Interrupts interrupts_;
  RemoteMemory remote_memory_;
  DmaRegistry dma_;
  UniqueFd doorbell_file_;
  bool doorbells_given_ = false;
  uint64_t client_fds_max_ = 0;
  std::array<RegionDescription, 9> regions_;
  bool version_agreed_ = false;
  bool controller_written_ = false;
};

}  // namespace nvm::vfio_user

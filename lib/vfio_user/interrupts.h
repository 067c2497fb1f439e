// SPDX-License-Identifier: MIT
// The MSI-X interrupts of the function: which eventfd a vector signals, which vectors are masked,
// and what is pending meanwhile. Used with the device's baton held.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "emulator/pcie_controller.h"
#include "platform/unique_fd.h"
#include "vfio_user/config_space.h"

namespace nvm::vfio_user {

class Interrupts final : public emulator::InterruptSink {
 public:
  Interrupts();

  void raise(uint16_t vector) override;

  // Vectors `start` and following signal `fds`; a vector that had been pending is signalled at
  // once. 0, or EINVAL when one is not an eventfd: then nothing has changed. The range must lie
  // within kVectorCount.
  int connect(uint32_t start, std::vector<UniqueFd> fds);
  void disconnect(uint32_t start, uint32_t count);
  // The mask that the client keeps for the host (SET_IRQS), beside the one in the table.
  void set_client_mask(uint32_t vector, bool masked);

  // Masks and pending bits as after power-on; eventfds stay, they are the client's.
  void reset();

  // The MSI-X table and the pending bits, as BAR 4 and 5 show them; ranges must lie within these.
  void read_table(size_t offset, std::span<std::byte> to) const;
  void write_table(size_t offset, std::span<const std::byte> from);
  void read_pending(size_t offset, std::span<std::byte> to) const;

 private:
  struct Vector {
    UniqueFd eventfd;
    bool masked_by_table = false;
    bool masked_by_client = false;
    bool pending = false;
  };

  void deliver(Vector& vector);

  std::array<Vector, kVectorCount> vectors_;
  std::array<std::byte, kMsixTableByteLength> table_{};
};

}  // namespace nvm::vfio_user

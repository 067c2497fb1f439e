// SPDX-License-Identifier: MIT
// The interrupts of the function: MSI-X vectors, pin A, and VFIO's own two, "error" and "release
// the device". Which eventfd each signals, what is masked, and what is pending meanwhile. Used with
// the device's baton held.
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
  void set_pin(bool asserted) override;

  // How many interrupts VFIO's `index` has (irq_index), and what can be done with them (irq_flag).
  static uint32_t count_of(uint32_t index);
  static uint32_t flags_of(uint32_t index);

  // For these, interrupts `start` … `start` + `count` − 1 of `index` exist.
  // They signal `fds` from now on; what had been pending is signalled at once. 0, or EINVAL when
  // one is not an eventfd: then nothing has changed.
  int connect(uint32_t index, uint32_t start, std::vector<UniqueFd> fds);
  void disconnect(uint32_t index, uint32_t start, uint32_t count);
  // The mask that the client keeps for the host (SET_IRQS), beside the one in the MSI-X table.
  void set_client_mask(uint32_t index, uint32_t start, bool masked);
  // As if the device had a reason.
  void trigger(uint32_t index, uint32_t start);

  // What the configuration space says.
  void set_msix_masked(bool masked);
  // Whether the client listens to the pin.
  bool has_pin() const { return pin_.eventfd.valid(); }

  // Masks, pending bits and the pin as after power-on; eventfds stay, they are the client's.
  void reset();

  // The MSI-X table and the pending bits, as BAR 4 and 5 show them; ranges must lie within these.
  void read_table(size_t offset, std::span<std::byte> to) const;
  void write_table(size_t offset, std::span<const std::byte> from);
  void read_pending(size_t offset, std::span<std::byte> to) const;

 private:
  struct Line {
    UniqueFd eventfd;
    bool masked_by_table = false;
    bool masked_by_client = false;
    bool pending = false;
  };

  Line& line(uint32_t index, uint32_t start);
  void deliver(Line& vector);
  void deliver_pin();

  std::array<Line, kVectorCount> vectors_;
  std::array<std::byte, kMsixTableByteLength> table_{};
  bool msix_masked_ = false;
  Line pin_;
  bool pin_asserted_ = false;
  bool pin_signalled_ = false;  // and not unmasked since
  Line error_;
  Line release_request_;
};

}  // namespace nvm::vfio_user

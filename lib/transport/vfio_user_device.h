// SPDX-License-Identifier: MIT
// A PCI NVMe controller that another process serves: its registers, configuration space, memory
// regions and interrupts, as messages of a vfio_user::Client.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "vfio_user/client.h"

namespace nvm {

class VfioUserDevice {
 public:
  // Connects, checks that it is an NVMe controller, and lets it access memory. As
  // vfio_user::Client::connect; ERR_TARGET for another device, ERR_UNSUPPORTED for one whose
  // regions are no controller's.
  static Result<std::unique_ptr<VfioUserDevice>> open(const std::string& socket_path,
                                                      uint32_t reply_timeout_ms,
                                                      const std::atomic<bool>* given_up = nullptr);
  // The same on a connected socket; `name` is for messages.
  static Result<std::unique_ptr<VfioUserDevice>> open(UniqueFd socket, const std::string& name,
                                                      uint32_t reply_timeout_ms);

  vfio_user::Client& client() { return *client_; }

  // Of BAR 0, 4 or 8 bytes; all ones when the server does not say.
  uint64_t read_register(uint32_t offset, uint32_t byte_length);
  void write_register(uint32_t offset, uint64_t value, uint32_t byte_length);

  // Where of BAR 0 doorbells can be mapped, and the file; nothing where they cannot.
  struct DoorbellArea {
    UniqueFd fd;
    uint64_t file_offset;
    uint64_t byte_length;
  };
  const std::optional<DoorbellArea>& doorbell_area() const { return doorbell_area_; }

  // How many MSI-X vectors there are; 0 where there are no interrupts.
  uint16_t vector_count() const { return vector_count_; }
  Status connect_vector(uint16_t vector, int eventfd);

  Status map(uint64_t io_address, uint64_t byte_length, int fd, uint64_t file_offset);
  Status unmap(uint64_t io_address, uint64_t byte_length);

  // ERR_UNSUPPORTED where the server has no such thing. Memory stays mapped, vectors connected.
  Status reset();

 private:
  explicit VfioUserDevice(std::unique_ptr<vfio_user::Client> client) : client_(std::move(client)) {}

  static Result<std::unique_ptr<VfioUserDevice>> meet(
      Result<std::unique_ptr<vfio_user::Client>> client);
  Status learn();
  Status learn_registers();
  Status check_region(const vfio_user::RegionInfoBody& region, uint64_t byte_length_min);
  Status learn_interrupts();
  Status check_class();
  Status enable();
  Status find_msix();
  Result<vfio_user::RegionInfoReply> ask_region(uint32_t index, std::vector<UniqueFd>& fds);
  Status read_region(uint32_t region, uint64_t offset, std::span<std::byte> to);
  Status write_region(uint32_t region, uint64_t offset, std::span<const std::byte> from);
  Status malformed(const char* what);

  template <class T>
  Result<T> read_config(uint64_t offset) {
    T value;
    NVM_TRY(read_region(kConfig, offset, std::as_writable_bytes(std::span<T, 1>(&value, 1))));
    return value;
  }
  Status change_config(uint64_t offset, uint16_t set);

  // The numbers of the regions, as VFIO gives them to PCI functions.
  static constexpr uint32_t kRegisters = 0;
  static constexpr uint32_t kConfig = 7;

  const std::unique_ptr<vfio_user::Client> client_;
  std::optional<DoorbellArea> doorbell_area_;
  bool resets_ = false;
  uint16_t vector_count_ = 0;
  uint8_t msix_offset_ = 0;  // of the capability in configuration space; 0: there is none
};

}  // namespace nvm

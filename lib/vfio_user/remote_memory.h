// SPDX-License-Identifier: MIT
// Memory that the client mapped without a descriptor: read and written by asking the client, with
// DMA_READ and DMA_WRITE on its own socket. Turns operations into messages of a size that the
// client takes, and its replies into their ends. Used with the device's baton held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "emulator/remote_memory.h"
#include "vfio_user/message.h"

namespace nvm::vfio_user {

class RemoteMemory final : public emulator::RemoteMemory {
 public:
  static constexpr size_t kRequestsMax = 64;  // not yet answered; the others wait for their turn
  static constexpr size_t kOperationsMax = 65536;

  // `notify` is called, and must not block, when next_request() has something to send that was not
  // asked for by whoever sends.
  explicit RemoteMemory(std::function<void()> notify) : notify_(std::move(notify)) {}

  // Failed at once: there is no client, or too many operations.
  emulator::Progress begin_read(emulator::Operation& operation, uint64_t address, std::byte* to,
                                size_t byte_length) override;
  emulator::Progress begin_write(emulator::Operation& operation, uint64_t address,
                                 const std::byte* from, size_t byte_length) override;

  // The client takes no more than `data_byte_length_max` bytes of data in one message; 0: none.
  void connect(uint64_t data_byte_length_max);
  // Every operation fails, and so does any until the next connect().
  void disconnect();
  // The client has taken this memory back: operations on it fail. A later reply changes nothing.
  void unmap(uint64_t address, uint64_t byte_length);
  void unmap_all();

  bool has_request() const { return !waiting_.empty() && asked_.size() < kRequestsMax; }
  // The next message to the client.
  std::optional<Message> next_request();
  // False when it answers nothing that was asked, or not in the way it was asked.
  bool accept_reply(const Header& header, std::span<const std::byte> payload);

 private:
  struct Operation {
    emulator::Operation* result;
    uint64_t address;
    size_t byte_length;
    std::byte* to;          // null: a write
    const std::byte* from;  // null: a read
    size_t asked = 0;       // bytes for which the client was asked
    size_t answered = 0;
  };
  struct Request {
    uint64_t operation;
    size_t offset;
    size_t byte_length;
    CommandCode command;
  };
  using Operations = std::map<uint64_t, Operation>;

  emulator::Progress begin(const Operation& operation);
  void end(Operations::iterator operation, emulator::Progress progress, int os_error);
  uint16_t free_message_id();
  static bool is_answer_to(const Request& request, uint64_t address, const Header& header,
                           std::span<const std::byte> payload);

  std::function<void()> notify_;
  size_t data_byte_length_max_ = 0;
  Operations operations_;              // by a number that no other ever has
  std::set<uint64_t> waiting_;         // those for which there is more to ask, oldest first
  std::map<uint16_t, Request> asked_;  // by message id
  uint64_t next_operation_ = 0;
  uint16_t next_message_id_ = 0;
};

}  // namespace nvm::vfio_user

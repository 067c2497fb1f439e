// SPDX-License-Identifier: MIT
// What a client has mapped of BAR0: the manager's registers, for reading, and in their place the
// client's own doorbells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "platform/sigbus_guard.h"
#include "platform/status.h"
#include "platform/unique_fd.h"
#include "rpc/client.h"

namespace nvm::rpc {

class ClientBar {
 public:
  ClientBar() = default;
  ~ClientBar();
  ClientBar(const ClientBar&) = delete;
  ClientBar& operator=(const ClientBar&) = delete;

  // Takes what came with the welcome of `client`. The first time anywhere; from then on at the same
  // place, so that who looks at registers or rings a doorbell meanwhile finds either the old or the
  // new. ERR_TARGET for what is no BAR.
  Status map(Client& client);
  // Lets go of it: the doorbells of a drive belong to the clients of the next manager, and a file
  // of the device that nobody maps lets go of the device. What is rung from now on goes to memory.
  void leave();
  // Whether what came with `next` is the BAR of a controller with the same properties.
  bool is_same(const Client& next) const;

  std::byte* bytes() const { return bytes_; }
  size_t byte_length() const { return byte_length_; }
  uint32_t read32(uint32_t offset) const;
  uint64_t read64(uint32_t offset) const;
  volatile uint32_t* doorbells() const;

 private:
  Status watch(const UniqueFd& doorbells, size_t byte_length);
  Status put(size_t from, size_t to, int protection, const UniqueFd& file, uint64_t offset);

  std::byte* bytes_ = nullptr;
  size_t byte_length_ = 0;
  std::unique_ptr<PageReplacement> replacement_;  // null: the doorbells cannot vanish
  // Of the first; they never change.
  uint64_t cap_ = 0;
  uint32_t vs_ = 0;
};

}  // namespace nvm::rpc

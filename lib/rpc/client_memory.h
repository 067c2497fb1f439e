// SPDX-License-Identifier: MIT
// Memory of a client, mapped in the manager's process and for the device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "memory/buffer.h"
#include "platform/unique_fd.h"
#include "rpc/served.h"
#include "spec/rpc.h"

namespace nvm::rpc {

class ClientMemory {
 public:
  // `port` outlives it.
  ClientMemory(ClientPort& port, const ServiceLimits& limits) : port_(port), limits_(limits) {}

  struct Piece {
    ~Piece();
    std::byte* bytes = nullptr;
    size_t byte_length = 0;
    Mapping mapping;
  };

  // ERR_ARGUMENT when `fd` is not sealed memory of that size, ERR_RANGE beyond the client's limits,
  // else as the port.
  Result<std::shared_ptr<Piece>> map(const spec::RpcMap& request, const UniqueFd& fd);
  // ERR_ARGUMENT when there is none, ERR_BUSY while a queue or a command may use it.
  Status unmap(uint64_t handle);
  // All that the device lets go of; the first refusal.
  Status unmap_all();

  // The piece that holds [io_address, io_address + byte_length); null when none does.
  std::shared_ptr<Piece> find(uint64_t io_address, uint64_t byte_length) const;
  // Where the byte at `io_address` is in this process; null when it is not the client's.
  static std::byte* at(const Piece& piece, uint64_t io_address);

  uint64_t mapped_bytes() const { return mapped_bytes_; }
  size_t piece_count() const { return pieces_.size(); }

 private:
  ClientPort& port_;
  const ServiceLimits limits_;
  std::map<uint64_t, std::shared_ptr<Piece>> pieces_;  // by handle
  uint64_t mapped_bytes_ = 0;
};

}  // namespace nvm::rpc

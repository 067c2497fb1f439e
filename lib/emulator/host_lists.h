// SPDX-License-Identifier: MIT
// PRP lists and SGL segments in memory that is reached only by messages, as far as they have been
// brought here. What was brought once is not read again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "emulator/remote_memory.h"

namespace nvm::emulator {

// Pieces of one command: what it takes to name all that a command may move, and more.
constexpr size_t kListPiecesMax = 1024;

// What a walk answers instead of a status when it needs a piece of a list that is not here yet.
constexpr uint16_t kListNeeded = 0xfffd;

class HostLists {
 public:
  struct Piece {
    RemoteMemory* remote;
    uint64_t address;
    std::vector<std::byte> bytes;
  };

  // Copies a piece that is here; otherwise it becomes the one that is needed().
  bool read(RemoteMemory* remote, uint64_t address, void* to, size_t byte_length) {
    const auto piece = std::find_if(pieces_.begin(), pieces_.end(), [=](const Piece& candidate) {
      return candidate.address == address && candidate.bytes.size() == byte_length;
    });
    if (piece == pieces_.end()) {
      needed_ = {remote, address, std::vector<std::byte>(byte_length)};
      return false;
    }
    memcpy(to, piece->bytes.data(), byte_length);
    return true;
  }
  size_t count() const { return pieces_.size(); }
  Piece& needed() { return needed_; }
  void brought() { pieces_.push_back(std::move(needed_)); }

 private:
  std::vector<Piece> pieces_;
  Piece needed_{};
};

}  // namespace nvm::emulator

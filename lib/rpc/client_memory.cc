// SPDX-License-Identifier: MIT
#include "rpc/client_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <string>

#include "platform/os_failure.h"
#include "platform/sealed_memory.h"

namespace nvm::rpc {
namespace {

constexpr uint64_t kPageSize = 4096;
constexpr uint64_t kHugePageSize = 2u << 20;

bool is_whole_pages(uint64_t value) {
  return value % kPageSize == 0;
}

}  // namespace

ClientMemory::Piece::~Piece() {
  if (bytes != nullptr) munmap(bytes, byte_length);
}

Result<std::shared_ptr<ClientMemory::Piece>> ClientMemory::map(const spec::RpcMap& request,
                                                               const UniqueFd& fd) {
  const uint64_t byte_length = request.byte_length;
  if (byte_length == 0 || !is_whole_pages(byte_length | request.offset | request.io_address)) {
    return Status(ErrorCode::Alignment, "memory of a client, to pages of 4096 bytes");
  }
  if (pieces_.size() >= limits_.mappings_max ||
      byte_length > limits_.mapped_bytes_max - mapped_bytes_) {
    return Status(ErrorCode::Range, "a client may map " + std::to_string(limits_.mappings_max) +
                                        " pieces of memory and " +
                                        std::to_string(limits_.mapped_bytes_max) + " bytes");
  }
  const std::optional<uint64_t> sealed = fd.valid() ? sealed_byte_length(fd.get()) : std::nullopt;
  if (!sealed || request.offset > *sealed || byte_length > *sealed - request.offset) {
    return Status(ErrorCode::Argument, "a client's memory is a memfd sealed against shrinking");
  }
  auto piece = std::make_shared<Piece>();
  void* bytes = mmap(nullptr, byte_length, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(),
                     static_cast<off_t>(request.offset));
  if (bytes == MAP_FAILED) return os_failure("mmap of a client's memory", errno);
  piece->bytes = static_cast<std::byte*>(bytes);
  piece->byte_length = byte_length;
  // As the client wished: where the device wants it in RAM, this mapping brings it there.
  if (byte_length >= kHugePageSize) madvise(bytes, byte_length, MADV_HUGEPAGE);
  auto mapping =
      port_.map(*Buffer::wrap(bytes, byte_length, fd.get(), request.offset), request.io_address);
  if (!mapping.ok()) return std::move(mapping.status());
  piece->mapping = std::move(mapping.value());
  // The same memory twice has one physical address.
  if (!pieces_.try_emplace(piece->mapping.runs.front().io_address, piece).second) {
    NVM_TRY(port_.unmap(piece->mapping));
    return Status(ErrorCode::Busy, "memory that this client has mapped already");
  }
  mapped_bytes_ += byte_length;
  return piece;
}

Status ClientMemory::unmap(uint64_t handle) {
  const auto found = pieces_.find(handle);
  if (found == pieces_.end()) {
    return Status(ErrorCode::Argument, "no memory is mapped at " + std::to_string(handle));
  }
#if !NVM_CANARY_EARLY_FREE
  // Somebody else holds it for a command that has not ended.
  if (found->second.use_count() > 1) {
    return Status(ErrorCode::Busy, "a queue or an admin command may still use it");
  }
#endif
  NVM_TRY(port_.unmap(found->second->mapping));
  mapped_bytes_ -= found->second->byte_length;
  pieces_.erase(found);
  return {};
}

Status ClientMemory::unmap_all() {
  Status result;
  for (auto it = pieces_.begin(); it != pieces_.end();) {
    Status unmapped = unmap((it++)->first);
    if (!unmapped.ok() && result.ok()) result = std::move(unmapped);
  }
  return result;
}

std::shared_ptr<ClientMemory::Piece> ClientMemory::find(uint64_t io_address,
                                                        uint64_t byte_length) const {
  for (const auto& [handle, piece] : pieces_) {
    for (const IoRun& run : piece->mapping.runs) {
      if (io_address - run.io_address < run.byte_length &&
          byte_length <= run.byte_length - (io_address - run.io_address)) {
        return piece;
      }
    }
  }
  return nullptr;
}

std::byte* ClientMemory::at(const Piece& piece, uint64_t io_address) {
  std::byte* bytes = piece.bytes;
  for (const IoRun& run : piece.mapping.runs) {
    if (io_address - run.io_address < run.byte_length) {
      return bytes + (io_address - run.io_address);
    }
    bytes += run.byte_length;
  }
  return nullptr;
}

}  // namespace nvm::rpc

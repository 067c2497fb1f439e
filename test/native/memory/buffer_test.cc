// SPDX-License-Identifier: MIT
// Owned and foreign memory: alignment, seals, zeroes, and who frees what.
#include "memory/buffer.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

using namespace nvm;

TEST_CASE("owned memory is whole zeroed pages, aligned") {
  for (size_t byte_length : {size_t{1}, size_t{4096}, size_t{4097}, size_t{3} << 20}) {
    CAPTURE(byte_length);
    Result<std::shared_ptr<Buffer>> buffer = Buffer::allocate(byte_length);
    REQUIRE(buffer.ok());
    const Buffer& memory = *buffer.value();
    CHECK(memory.kind() == MemoryKind::Owned);
    CHECK(memory.byte_length() >= byte_length);
    CHECK(memory.byte_length() - byte_length < 4096);
    CHECK(memory.byte_length() % 4096 == 0);
    const size_t alignment = byte_length >= 2u << 20 ? 2u << 20 : 4096;
    CHECK(reinterpret_cast<uintptr_t>(memory.bytes()) % alignment == 0);
    const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
    CHECK(std::all_of(memory.bytes(), memory.bytes() + memory.byte_length(), is_zero));
  }
}

TEST_CASE("owned memory can be neither shrunk nor grown, nor sealed further") {
  Result<std::shared_ptr<Buffer>> buffer = Buffer::allocate(8192);
  REQUIRE(buffer.ok());
  const int fd = buffer.value()->fd();
  CHECK(fcntl(fd, F_GET_SEALS) == (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
  CHECK(ftruncate(fd, 4096) == -1);
  CHECK(errno == EPERM);
  CHECK(ftruncate(fd, 16384) == -1);
  CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == -1);
  CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("another mapping of the fd is the same memory") {
  Result<std::shared_ptr<Buffer>> buffer = Buffer::allocate(4096);
  REQUIRE(buffer.ok());
  void* again = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, buffer.value()->fd(), 0);
  REQUIRE(again != MAP_FAILED);
  buffer.value()->bytes()[17] = std::byte{42};
  CHECK(static_cast<std::byte*>(again)[17] == std::byte{42});
  munmap(again, 4096);
}

TEST_CASE("owned memory goes with its last reference, and its fd too") {
  Result<std::shared_ptr<Buffer>> buffer = Buffer::allocate(3u << 20);
  REQUIRE(buffer.ok());
  const int fd = buffer.value()->fd();
  std::byte* bytes = buffer.value()->bytes();
  buffer.value().reset();
  struct stat information;
  CHECK(fstat(fd, &information) == -1);
  unsigned char resident;
  CHECK(mincore(bytes, 4096, &resident) == -1);
  CHECK(errno == ENOMEM);
}

TEST_CASE("a refused size is ERR_MEMORY, with the size and the reason") {
  Result<std::shared_ptr<Buffer>> buffer = Buffer::allocate(size_t{1} << 60);
  REQUIRE_FALSE(buffer.ok());
  CHECK(buffer.status().failure().code == ErrorCode::Memory);
  CHECK(buffer.status().failure().detail.find("1152921504606846976 bytes, mmap: ") == 0);
  CHECK(Buffer::allocate(SIZE_MAX).status().failure().code == ErrorCode::Memory);
  CHECK(Buffer::allocate(0).status().failure().code == ErrorCode::Range);
}

TEST_CASE("foreign memory is left alone") {
  std::vector<std::byte> memory(100, std::byte{9});
  {
    std::shared_ptr<Buffer> buffer = Buffer::wrap(memory.data(), memory.size());
    CHECK(buffer->kind() == MemoryKind::Foreign);
    CHECK(buffer->bytes() == memory.data());
    CHECK(buffer->byte_length() == 100);
    CHECK(buffer->fd() == -1);
  }
  CHECK(memory == std::vector<std::byte>(100, std::byte{9}));
}

TEST_CASE("without a file descriptor left, memory has no name, and works all the same") {
  rlimit before;
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit none = {0, before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  Result<std::shared_ptr<Buffer>> buffer = Buffer::allocate(3 << 20);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  REQUIRE(buffer.ok());
  const Buffer& memory = *buffer.value();
  CHECK(memory.kind() == MemoryKind::Owned);
  CHECK(memory.fd() == -1);
  CHECK(reinterpret_cast<uintptr_t>(memory.bytes()) % (2u << 20) == 0);
  memory.bytes()[memory.byte_length() - 1] = std::byte{1};
  CHECK(memory.bytes()[0] == std::byte{0});
}

TEST_CASE("a part of a buffer is its memory, keeps it, and says when it ends") {
  std::shared_ptr<Buffer> whole = Buffer::allocate(16384).value();
  const std::weak_ptr<Buffer> kept = whole;
  int ended = 0;
  auto part = Buffer::part(whole, 8192, 4096, [&] { ended++; });
  auto within = Buffer::part(part, 0, 4096, [] {});
  CHECK(part->bytes() == whole->bytes() + 8192);
  CHECK(part->kind() == MemoryKind::Owned);
  CHECK(part->fd() == whole->fd());
  CHECK(within->fd_offset() == 8192);
  whole.reset();
  part->bytes()[4095] = std::byte{1};
  within.reset();
  CHECK(ended == 0);
  part.reset();
  CHECK(ended == 1);
  CHECK(kept.expired());
}

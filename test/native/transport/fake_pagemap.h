// SPDX-License-Identifier: MIT
// Where pages are in RAM, as a test wants it.
#pragma once

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "memory/buffer.h"

namespace nvm::test {

// A pagemap that says what the test wants of a buffer's pages.
class FakePagemap {
 public:
  static constexpr uint64_t kPage = 4096;

  FakePagemap() : fd_(memfd_create("pagemap", MFD_CLOEXEC)) { REQUIRE(fd_ >= 0); }
  ~FakePagemap() { close(fd_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }
  void set(const Buffer& buffer, size_t page, uint64_t entry) {
    const uint64_t number = reinterpret_cast<uintptr_t>(buffer.bytes()) / kPage + page;
    REQUIRE(pwrite(fd_, &entry, 8, static_cast<off_t>(number * 8)) == 8);
  }
  void place(const Buffer& buffer, size_t page, uint64_t frame) {
    constexpr uint64_t kPresentAndSoftDirty = 1ull << 63 | 1ull << 55;
    set(buffer, page, kPresentAndSoftDirty | frame);
  }

 private:
  int fd_;
};

}  // namespace nvm::test

// SPDX-License-Identifier: MIT
// A real controller's BAR0, mapped: its registers and doorbells. Shared by the transports that map
// one.
#pragma once

#include <sys/types.h>

#include "transport/transport.h"

namespace nvm {

class MmioBar {
 public:
  // Maps `byte_length` bytes of `fd` at `offset`. `what` names them in messages. ERR_UNSUPPORTED
  // when the BAR is too small for a controller; ERR_CONTROLLER_GONE when it reads as all ones.
  static Result<std::unique_ptr<MmioBar>> map(int fd, off_t offset, size_t byte_length,
                                              const std::string& what);
  ~MmioBar();
  MmioBar(const MmioBar&) = delete;
  MmioBar& operator=(const MmioBar&) = delete;

  uint32_t read32(uint32_t offset) const;
  uint64_t read64(uint32_t offset) const;
  void write32(uint32_t offset, uint32_t value);
  void write64(uint32_t offset, uint64_t value);

  // Uncached; the stride is what CAP.DSTRD says.
  Doorbells doorbells() const;
  // For clients: it is at `offset` of `fd`, which is borrowed. Without what may follow the
  // doorbells of all queues that a controller can have.
  BarShare share(int fd, uint64_t offset) const;
  volatile void* bytes() const { return words_; }
  size_t byte_length() const { return byte_length_; }

 private:
  MmioBar(volatile uint32_t* words, size_t byte_length)
      : words_(words), byte_length_(byte_length) {}

  volatile uint32_t* words_;
  size_t byte_length_;
};

}  // namespace nvm

// SPDX-License-Identifier: MIT
// A controller of which only a register mapping is known, made by the caller of nvm_raw_ctrl_init.
#pragma once

#include "transport/transport.h"

namespace nvm::capi {

class RegisterTransport final : public Transport {
 public:
  RegisterTransport(volatile void* registers, size_t byte_length);

  const Capabilities& capabilities() const override { return capabilities_; }
  uint32_t read_register32(uint32_t offset) override;
  uint64_t read_register64(uint32_t offset) override;
  void write_register32(uint32_t offset, uint32_t value) override;
  void write_register64(uint32_t offset, uint64_t value) override;
  Doorbells doorbells() override;
  volatile void* bar() override { return registers_; }
  size_t bar_byte_length() override { return byte_length_; }
  Result<Mapping> map(const Buffer& buffer) override;
  Status unmap(const Mapping& mapping) override { return {}; }
  Status reset() override;

 private:
  volatile uint32_t* word(uint32_t offset) { return registers_ + offset / sizeof(uint32_t); }

  volatile uint32_t* registers_;
  size_t byte_length_;
  Capabilities capabilities_;
};

}  // namespace nvm::capi

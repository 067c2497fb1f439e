// SPDX-License-Identifier: MIT
#include "capi/register_transport.h"

#include "spec/nvme.h"

namespace nvm::capi {

namespace {

constexpr size_t kDoorbellOffset = 0x1000;

}  // namespace

RegisterTransport::RegisterTransport(volatile void* registers, size_t byte_length)
    : registers_(static_cast<volatile uint32_t*>(registers)), byte_length_(byte_length) {
  capabilities_.foreign_memory = false;
  capabilities_.name = "registers";
  capabilities_.address = "registers at " + std::to_string(reinterpret_cast<uintptr_t>(registers));
}

// Two halves, low first: every controller takes 32-bit accesses, not every one 64-bit ones.
uint32_t RegisterTransport::read_register32(uint32_t offset) {
  return *word(offset);
}

uint64_t RegisterTransport::read_register64(uint32_t offset) {
  const uint64_t low = *word(offset);
  return low | static_cast<uint64_t>(*word(offset + 4)) << 32;
}

void RegisterTransport::write_register32(uint32_t offset, uint32_t value) {
  *word(offset) = value;
}

void RegisterTransport::write_register64(uint32_t offset, uint64_t value) {
  *word(offset) = static_cast<uint32_t>(value);
  *word(offset + 4) = static_cast<uint32_t>(value >> 32);
}

Doorbells RegisterTransport::doorbells() {
  Doorbells doorbells;
  doorbells.base = word(kDoorbellOffset);
  doorbells.byte_length = byte_length_ - kDoorbellOffset;
  doorbells.stride_bytes = 4u << spec::cap::dstrd.get(read_register64(spec::registers::cap));
  doorbells.uncached = true;
  return doorbells;
}

Result<Mapping> RegisterTransport::map(const Buffer& buffer) {
  return Status(
      ErrorCode::Unsupported,
      "a controller of nvm_raw_ctrl_init reaches no memory by itself; describe memory whose "
      "addresses you know with nvm_dma_map");
}

Status RegisterTransport::reset() {
  return Status(ErrorCode::Unsupported, "a register mapping has no function-level reset");
}

}  // namespace nvm::capi

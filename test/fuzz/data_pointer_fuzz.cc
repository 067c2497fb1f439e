// SPDX-License-Identifier: MIT
// Data pointers: whatever the lists say, what is walked lies in the domain and has the length that
// was asked for.
#include "emulator/prp_walker.h"
#include "emulator/sgl_walker.h"
#include "host_memory.h"

using nvm::emulator::Direction;
using nvm::emulator::Domain;
using nvm::emulator::Segment;
using nvm::emulator::Transfer;
using nvm::fuzz::HostMemory;
using nvm::fuzz::Input;
using nvm::spec::SglDescriptor;

namespace {

// Puts entries of a PRP list into the memory, where a pointer may lead.
void put_prps(Input& input, HostMemory& memory, uint64_t address) {
  const size_t count = 1 + input.below(40);
  for (size_t i = 0; i < count; i++) {
    const uint64_t entry = HostMemory::address(input);
    std::byte* to = memory.at(address + i * sizeof(entry), sizeof(entry));
    if (to != nullptr) memcpy(to, &entry, sizeof(entry));
  }
}

SglDescriptor descriptor(Input& input) {
  constexpr uint8_t kIdentifiers[] = {0x00, 0x10, 0x20, 0x30};  // data, bucket, segment, last
  SglDescriptor made{};
  made.address = HostMemory::address(input);
  made.length = input.below(2) == 0 ? input.u16() : input.u8() * 16u;
  made.identifier = input.below(16) == 0 ? input.u8() : input.pick(kIdentifiers);
  return made;
}

void put_sgl(Input& input, HostMemory& memory, uint64_t address) {
  const size_t count = 1 + input.below(12);
  for (size_t i = 0; i < count; i++) {
    const SglDescriptor entry = descriptor(input);
    std::byte* to = memory.at(address + i * sizeof(entry), sizeof(entry));
    if (to != nullptr) memcpy(to, &entry, sizeof(entry));
  }
}

// Writes to, or reads, every byte: ASan says when one of them is not ours.
void touch(const Transfer& transfer, Direction direction) {
  static volatile uint8_t sum;
  for (const Segment& segment : transfer.segments()) {
    if (segment.bytes == nullptr) continue;  // a bit bucket
    if (direction == Direction::ToHost) {
      memset(segment.bytes, 0x5a, segment.byte_length);
    } else {
      for (uint64_t i = 0; i < segment.byte_length; i++) {
        sum = sum + static_cast<uint8_t>(segment.bytes[i]);
      }
    }
  }
}

// One walk; true when its data can be moved.
bool walk(Input& input, HostMemory& memory, const Domain& domain, uint64_t length,
          Direction direction, Transfer& transfer) {
  if (input.below(2) == 0) {
    const uint64_t prp1 = HostMemory::address(input);
    const uint64_t prp2 = HostMemory::address(input);
    put_prps(input, memory, prp2);
    if (input.below(2) != 0) put_prps(input, memory, HostMemory::address(input));
    return nvm::emulator::walk_prps(domain, prp1, prp2, length, direction, transfer) == 0;
  }
  const SglDescriptor first = descriptor(input);
  put_sgl(input, memory, first.address);
  if (input.below(2) != 0) put_sgl(input, memory, HostMemory::address(input));
  constexpr uint16_t kTooShort = nvm::spec::status::data_sgl_length_invalid;
  return nvm::emulator::walk_sgl(domain, first, length, direction, kTooShort, transfer) == 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t byte_length) {
  Input input({bytes, byte_length});
  Domain domain;
  HostMemory memory(domain);
  Transfer transfer;
  for (unsigned round = 0; round < 8 && !input.empty(); round++) {
    const Direction direction = input.below(2) == 0 ? Direction::ToHost : Direction::FromHost;
    const uint64_t length = 1 + input.u32() % (1 << 20);
    if (!walk(input, memory, domain, length, direction, transfer)) continue;
    if (transfer.byte_length() != length) abort();
    touch(transfer, direction);
  }
  return 0;
}

// SPDX-License-Identifier: MIT
// Registers and doorbells in any order, with commands in between and memory that comes and goes.
#include "commands.h"

namespace {

using nvm::fuzz::Host;
using nvm::fuzz::Input;
namespace registers = nvm::spec::registers;

constexpr uint32_t kOffsets[] = {registers::cap,   registers::vs,      registers::intms,
                                 registers::intmc, registers::cc,      registers::csts,
                                 registers::nssr,  registers::aqa,     registers::asq,
                                 registers::acq,   registers::asq + 4, registers::acq + 4};

void access_register(Host& host) {
  Input& input = host.input();
  const unsigned byte_length = input.below(2) == 0 ? 4 : 8;
  const uint32_t offset = input.below(4) == 0 ? input.u16() % 0x3000 : input.pick(kOffsets);
  if (input.below(2) == 0) {
    (void)host.controller().read_register(offset, byte_length);
    return;
  }
  const uint64_t value = input.below(4) == 0   ? input.u64()
                         : input.below(2) == 0 ? input.u16()
                                               : nvm::fuzz::HostMemory::address(input);
  host.controller().write_register(offset, value, byte_length);
}

void change_domain(Host& host) {
  Input& input = host.input();
  const nvm::fuzz::HostRegion& region = input.pick(nvm::fuzz::kHostRegions);
  const uint64_t byte_length = region.byte_length;
  nvm::emulator::Domain& domain = host.controller().domain();
  if (domain.remove(region.first, byte_length)) return;
  domain.add({region.first, byte_length, host.memory().at(region.first, byte_length),
              region.may_fault, region.writable});
}

void act(Host& host) {
  Input& input = host.input();
  switch (input.below(10)) {
    case 0:
    case 1:
      return access_register(host);
    case 2:
      return host.ring(static_cast<uint32_t>(input.below(20)), input.u8());
    case 3:
      return host.ring(input.u16(), input.u32());
    case 4:
      return host.controller().reset();
    case 5:
      return change_domain(host);
    case 6:
      return host.controller().set_bus_master(input.below(4) != 0);
    case 7:
      return host.enable();
    case 8:
      if (!host.queues().empty()) nvm::fuzz::submit_any(host);
      return;
    default:
      return host.run_some();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t byte_length) {
  Input input({bytes, byte_length});
  Host host(input);
  constexpr unsigned kActionsMax = 64;
  for (unsigned i = 0; i < kActionsMax && !input.empty(); i++) act(host);
  host.run(16);
  return 0;
}

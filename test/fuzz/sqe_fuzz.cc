// SPDX-License-Identifier: MIT
// Commands, good and bad, on the queues of an enabled controller, and doorbells of others.
#include "commands.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t byte_length) {
  nvm::fuzz::Input input({bytes, byte_length});
  nvm::fuzz::Host host(input);
  host.enable();
  constexpr unsigned kCommandsMax = 48;
  for (unsigned i = 0; i < kCommandsMax && !input.empty(); i++) {
    // Queues that the input itself created are rung only so.
    if (input.below(8) == 0) host.ring(static_cast<uint32_t>(input.below(20)), input.u8());
    nvm::fuzz::submit_any(host);
    host.run(static_cast<unsigned>(input.below(4)));
  }
  host.run(16);
  return 0;
}

// SPDX-License-Identifier: MIT
// Commands, good and bad, on the queues of an enabled controller, and doorbells of others; now and
// then with faults installed.
#include "commands.h"
#include "faults.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t byte_length) {
  nvm::fuzz::Input input({bytes, byte_length});
  nvm::fuzz::Host host(input);
  host.enable();
  for (uint64_t faults = input.below(16); faults < 3; faults++) nvm::fuzz::add_fault(host);
  constexpr unsigned kCommandsMax = 48;
  for (unsigned i = 0; i < kCommandsMax && !input.empty(); i++) {
    // Queues that the input itself created are rung only so.
    const uint64_t rung = input.below(8);
    if (rung == 0) host.ring(static_cast<uint32_t>(input.below(20)), input.u8());
    if (rung == 1 || rung == 2) {
      host.ring(2 * host.created_queue, static_cast<uint32_t>(input.below(32)));
    }
    nvm::fuzz::submit_any(host);
    host.run_some();
  }
  host.run(16);
  return 0;
}

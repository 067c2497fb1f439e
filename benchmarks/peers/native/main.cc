// SPDX-License-Identifier: MIT
// Reads one request a line, measures, answers one JSON line: the orchestrator (../main.ts)
// interleaves it with the TypeScript clients. Requests:
//   library|bare BLOCK_BYTES DEPTH MILLISECONDS
//   hand-off|copy BYTES 0 MILLISECONDS
#include <cstdio>
#include <cstring>

#include "clients.h"
#include "machine.h"

int main() {
  using namespace nvm::peers;
  std::shared_ptr<nvm::Controller> controller;
  char line[128], name[32];
  unsigned byte_length, depth, milliseconds;
  while (std::fgets(line, sizeof(line), stdin) != nullptr) {
    if (std::sscanf(line, "%31s %u %u %u", name, &byte_length, &depth, &milliseconds) != 4) {
      std::fprintf(stderr, "not a request: %s", line);
      return 2;
    }
    const uint64_t duration_ns = milliseconds * nvm::kNanosecondsPerMillisecond;
    if (std::strcmp(name, "hand-off") == 0) {
      std::printf("{\"ns\":%.2f}\n", measure_hand_off(duration_ns));
    } else if (std::strcmp(name, "copy") == 0) {
      std::printf("{\"ns\":%.2f}\n", measure_random_copy(byte_length, duration_ns));
    } else {
      if (controller == nullptr) controller = open_filled_controller();
      const Workload workload{byte_length, depth, duration_ns};
      const Outcome outcome = std::strcmp(name, "bare") == 0
                                  ? run_bare_client(*controller, workload)
                                  : run_library_client(*controller, workload);
      std::printf("{\"commands\":%lu,\"ns\":%lu}\n", outcome.commands, outcome.elapsed_ns);
    }
    std::fflush(stdout);
  }
  return 0;
}

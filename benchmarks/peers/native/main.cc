// SPDX-License-Identifier: MIT
// Reads one request a line, measures, answers one JSON line: the orchestrator (../main.ts)
// interleaves it with the TypeScript clients. Requests:
//   library|bare BLOCK_BYTES DEPTH WRITE_PERCENT MILLISECONDS
//   copy BYTES DESTINATIONS MILLISECONDS
//   hand-off MILLISECONDS
#include <cstdio>
#include <cstring>

#include "clients.h"
#include "machine.h"

int main() {
  using namespace nvm::peers;
  std::shared_ptr<nvm::Controller> controller;
  char line[128], name[32];
  unsigned byte_length, depth, write_percent, milliseconds;
  auto duration_ns = [&] { return milliseconds * nvm::kNanosecondsPerMillisecond; };
  while (std::fgets(line, sizeof(line), stdin) != nullptr) {
    if (std::sscanf(line, "hand-off %u", &milliseconds) == 1) {
      std::printf("{\"ns\":%.2f}\n", measure_hand_off(duration_ns()));
    } else if (std::sscanf(line, "copy %u %u %u", &byte_length, &depth, &milliseconds) == 3) {
      std::printf("{\"ns\":%.2f}\n", measure_random_copy(byte_length, depth, duration_ns()));
    } else if (std::sscanf(line, "%31s %u %u %u %u", name, &byte_length, &depth, &write_percent,
                           &milliseconds) == 5) {
      if (!is_one_page(byte_length)) {
        std::fprintf(stderr, "%s moves 512, 1024, 2048 or 4096 bytes a command, and not %u\n", name,
                     byte_length);
        return 2;
      }
      if (controller == nullptr) controller = open_filled_controller();
      const Workload workload{byte_length, depth, write_percent, duration_ns()};
      const Outcome outcome = std::strcmp(name, "bare") == 0
                                  ? run_bare_client(*controller, workload)
                                  : run_library_client(*controller, workload);
      std::printf("{\"commands\":%lu,\"ns\":%lu}\n", outcome.commands, outcome.elapsed_ns);
    } else {
      std::fprintf(stderr, "not a request: %s", line);
      return 2;
    }
    std::fflush(stdout);
  }
  return 0;
}

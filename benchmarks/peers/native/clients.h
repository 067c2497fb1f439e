// SPDX-License-Identifier: MIT
// Clients in C++ on the emulator, against which the TypeScript paths are compared.
#pragma once

#include <cstdint>
#include <memory>

#include "driver/controller.h"

namespace nvm::peers {

struct Workload {
  uint32_t block_byte_length;  // bytes a command moves: see is_one_page()
  uint32_t depth;              // commands outstanding
  uint32_t write_percent;      // how many of a hundred commands write; the others read
  uint64_t duration_ns;
};

// Blocks, and none that crosses a page: commands name their data by PRP1 alone.
inline bool is_one_page(uint32_t byte_length) {
  return byte_length != 0 && byte_length % 512 == 0 && 4096 % byte_length == 0;
}

struct Outcome {
  uint64_t commands;
  uint64_t elapsed_ns;
};

constexpr uint64_t kNamespaceBytes = 1ull << 30;  // far larger than any cache: reads are cold
constexpr uint32_t kLbaBytes = 512;

// An emulator in memory whose every page has been written, and its manager.
std::shared_ptr<Controller> open_filled_controller();

// The library's queue verbs.
Outcome run_library_client(Controller& controller, const Workload& workload);

// The same commands by a loop on bare pointers: no verb, no control block, no check. What the verbs
// may cost at most is the distance to this.
Outcome run_bare_client(Controller& controller, const Workload& workload);

}  // namespace nvm::peers

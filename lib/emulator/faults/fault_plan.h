// SPDX-License-Identifier: MIT
// The faults that are installed, in the order they were added, and how far each has come. Pure: the
// same seed, the same calls and the same commands give the same effects.
#pragma once

#include <cstddef>
#include <vector>

#include "emulator/faults/fault.h"
#include "emulator/faults/seeded_random.h"

namespace nvm::emulator {

constexpr size_t kFaultsMax = 256;  // every command is compared with each of them

class FaultPlan {
 public:
  explicit FaultPlan(uint64_t seed = 0) : seed_(seed) {}

  // The fault's id, counted from 1 and never used again.
  Result<uint32_t> add(const Fault& fault);
  // Of how many controllers it is the plan; 0: any. A fault of a further one could never happen.
  void set_controller_count(size_t count) { controller_count_ = count; }
  bool remove(uint32_t id);
  void clear() { installed_.clear(); }
  // True: consult() need not be called.
  bool empty() const { return installed_.empty(); }

  // Call once for each command fetched: it counts.
  FaultEffect consult(const FaultedCommand& command);

  // How often the fault has befallen a command; 0 when there is no such fault.
  uint64_t hits(uint32_t id) const;

 private:
  struct Installed {
    uint32_t id = 0;
    Fault fault;
    SeededRandom random;
    uint64_t matches = 0;
    uint64_t hits = 0;
  };
  static bool strikes(Installed& installed, const FaultedCommand& command);

  uint64_t seed_;
  size_t controller_count_ = 0;
  uint32_t next_id_ = 1;
  std::vector<Installed> installed_;
};

}  // namespace nvm::emulator

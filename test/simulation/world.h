// SPDX-License-Identifier: MIT
// Everything of one seed: a device, its hosts, and what happens to all of them at once.
#pragma once

#include <memory>
#include <vector>

#include "host.h"

namespace nvm::simulation {

class World {
 public:
  World(uint64_t seed, Report& report);

  void run();

 private:
  void act();
  void restart_all(Wish wish);
  void end();

  Random random_;
  Report& report_;
  const Geometry geometry_;
  Machine machine_;
  std::vector<NamespaceState> namespaces_;
  std::vector<std::unique_ptr<Host>> hosts_;
};

}  // namespace nvm::simulation

// SPDX-License-Identifier: MIT
// A server over an emulator in memory, at a socket of its own.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>

#include "emulator/stores/memory_store.h"
#include "vfio_user/server.h"
#include "vfio_user/socket_client.h"

namespace nvm::vfio_user::test {

inline std::shared_ptr<emulator::Runner> make_runner(size_t controller_count = 1) {
  auto store = emulator::make_memory_store(1 << 20);
  REQUIRE(store.ok());
  auto subsystem = std::make_unique<emulator::Subsystem>(emulator::Identity{});
  subsystem->add_namespace(emulator::make_nvm_namespace(std::move(store.value()), 512, nullptr));
  for (size_t i = 0; i < controller_count; i++) subsystem->add_controller({});
  return std::make_shared<emulator::Runner>(std::move(subsystem));
}

class ScratchFolder {
 public:
  ScratchFolder() { REQUIRE(mkdtemp(path_) != nullptr); }
  ~ScratchFolder() {
    unlink(socket().c_str());
    rmdir(path_);
  }
  std::string path() const { return path_; }
  std::string socket() const { return path() + "/cntrl"; }

 private:
  char path_[32] = "/tmp/vfio-user-XXXXXX";
};

struct Served {
  explicit Served(size_t controller_count = 1, Doorbells doorbells = Doorbells::Trap)
      : runner(make_runner(controller_count)) {
    auto started = Server::start(runner, folder.path(), {.doorbells = doorbells});
    REQUIRE(started.ok());
    server = std::move(started.value());
  }
  ScratchFolder folder;
  std::shared_ptr<emulator::Runner> runner;
  std::unique_ptr<Server> server;
};

}  // namespace nvm::vfio_user::test

// SPDX-License-Identifier: MIT
// A manager of an emulator that serves it, and clients, each of which has its own connection.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "driver/controller.h"
#include "driver/wait.h"
#include "rpc/server.h"
#include "transport/open.h"

namespace nvm::test {

constexpr uint64_t kTimeoutNs = 5'000 * kNanosecondsPerMillisecond;

// A folder that goes with its contents.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/peernvm-rpc-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::shared_ptr<Controller> open_controller(
    const Result<std::shared_ptr<Transport>>& transport) {
  REQUIRE(transport.ok());
  auto controller = Controller::open(transport.value(), thread_waiter());
  REQUIRE(controller.ok());
  REQUIRE(controller.value()->claim_admin().ok());
  return controller.value();
}

struct Manager {
  explicit Manager(rpc::ServicePolicy policy = {}, const rpc::ServiceLimits& limits = {}) {
    EmulatorOptions options;
    options.namespaces[0].byte_length = 16 << 20;
    controller = open_controller(open_emulator(options));
    auto served = rpc::share(*controller);
    REQUIRE(served.ok());
    auto started = rpc::Server::start(served.value(), folder / "nvm", limits, std::move(policy));
    REQUIRE(started.ok());
    server = std::move(started.value());
  }

  std::shared_ptr<Controller> connect() { return open_controller(open_transport(server->path())); }

  Folder folder;
  std::shared_ptr<Controller> controller;
  std::unique_ptr<rpc::Server> server;
};

inline std::shared_ptr<QueuePair> create_pair(Controller& controller, uint32_t depth) {
  QueuePairOptions options;
  options.depth = depth;
  auto pair = controller.create_queue_pair(options);
  REQUIRE(pair.ok());
  return pair.value();
}

// One block of 512 bytes at `lba`; the status field.
inline uint16_t execute(Controller& controller, QueuePair& pair, uint8_t opcode, uint64_t lba,
                        uint64_t address, uint32_t nsid = 1) {
  spec::SubmissionQueueEntry* entry = pair.enqueue();
  REQUIRE(entry != nullptr);
  *entry = {};
  entry->opc = opcode;
  entry->nsid = nsid;
  entry->prp1 = address;
  entry->cdw10 = static_cast<uint32_t>(lba);
  pair.ring();
  const spec::CompletionQueueEntry* completion = nullptr;
  REQUIRE(wait_for_device(controller.transport(), thread_waiter(), kTimeoutNs,
                          [&] { return (completion = pair.poll()) != nullptr; }));
  const auto status = static_cast<uint16_t>(completion->status >> 1);
  pair.consume();
  pair.ring_cq();
  return status;
}

inline Result<Completion> identify(Controller& controller,
                                   const std::shared_ptr<DmaDescriptor>& page) {
  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::identify;
  command.cdw10 = spec::cns::identify_controller;
  command.prp1 = page->io_address(0);
  return controller.admin(command, kTimeoutNs, page);
}

}  // namespace nvm::test

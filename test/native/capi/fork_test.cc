// SPDX-License-Identifier: MIT
// A C program that forks while it serves its controller, or is a client of one.
#include <nvm_emulator.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "capi/capi_host.h"
#include "capi/socket_folder.h"
#include "vfio_user/served.h"

namespace nvm::test {
namespace {

struct Shared {
  SocketFolder folder;
  std::string path = folder / "nvm";
  CapiHost manager;

  Shared() { REQUIRE(nvm_rpc_enable(manager.aq, path.c_str(), nullptr, nullptr) == 0); }
};

TEST_CASE("a child of the process that serves has nothing of it, and takes nothing from it") {
  Shared shared;
  CapiHost client(shared.path.c_str());
  const std::string second = shared.folder / "second";
  const pid_t child = fork();
  if (child == 0) {
    CapiHost& manager = shared.manager;
    nvm_aq_ref aq = nullptr;
    nvm_dma_t* memory = nullptr;
    int failed = 0;
    for (CapiHost* host : {&manager, &client}) {
      if (host->identify() != EBADF) failed |= 1;
      if (nvm_dma_create(&memory, host->ctrl, kPage) != EBADF) failed |= 2;
      if (nvm_raw_ctrl_reset(host->ctrl, 0, 0) != EBADF) failed |= 4;
      if (nvm_aq_create(&aq, host->ctrl, host->window) != EBADF) failed |= 8;
      if (nvm_rpc_bind(&aq, host->ctrl, nullptr) != EBADF) failed |= 16;
      nvm_queue_t queue;
      if (nvm_admin_cq_create(host->aq, &queue, 1, host->window->vaddr, 0) != EBADF) failed |= 32;
      if (nvm_rpc_enable(host->aq, second.c_str(), nullptr, nullptr) != EBADF) failed |= 32;
    }
    const std::string reason = nvm_reason();
    if (reason.find(std::to_string(getppid())) == std::string::npos) failed |= 64;
    nvm_rpc_disable(manager.aq, nullptr);
    for (CapiHost* host : {&client, &manager}) {
      nvm_aq_destroy(host->aq);
      nvm_dma_unmap(host->window);
      nvm_ctrl_free(host->ctrl);
    }
    if (!std::filesystem::exists(shared.path)) failed |= 128;
    _exit(failed);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(client.identify() == 0);
  CHECK(shared.manager.identify() == 0);
  CHECK(CapiHost(shared.path.c_str()).identify() == 0);
}

TEST_CASE("who has ended serving has ended for its clients, though a child of it lives") {
  Shared shared;
  CapiHost client(shared.path.c_str());
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  nvm_rpc_disable(shared.manager.aq, nullptr);
  CHECK(client.identify() == EPIPE);
  kill(child, SIGKILL);
  REQUIRE(waitpid(child, nullptr, 0) == child);
}

TEST_CASE("a child leaves its parent's connection to a vfio-user server alone") {
  vfio_user::test::Served served;
  const vfio_user::test::SocketClient connection(served.folder.socket());
  nvm_ctrl_t* ctrl = nullptr;
  REQUIRE(nvm_ctrl_init(&ctrl, connection.socket()) == 0);
  CapiHost host(ctrl);
  const pid_t child = fork();
  if (child == 0) {
    nvm_ctrl_t* again = nullptr;
    _exit(nvm_ctrl_init(&again, connection.socket()) == EBADF ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(host.identify() == 0);
}

TEST_CASE("a child leaves its parent's emulator alone") {
  nvm_emulator_t* device = nullptr;
  REQUIRE(nvm_emulator_start(&device, nullptr) == 0);
  const pid_t child = fork();
  if (child == 0) {
    nvm_fault fault{};
    nvm_emulator_stats stats;
    nvm_ctrl_t* ctrl = nullptr;
    int failed = 0;
    if (nvm_emulator_inject(nullptr, device, &fault) != EBADF) failed |= 1;
    if (nvm_emulator_ctrl(&ctrl, device, 0) != EBADF) failed |= 2;
    if (nvm_emulator_ctrl_stats(&stats, device, 0) != EBADF) failed |= 4;
    if (nvm_emulator_fault_hits(device, 1) != 0) failed |= 8;
    nvm_emulator_fault_remove(device, 1);
    nvm_emulator_close(device);
    _exit(failed);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  nvm_ctrl_t* ctrl = nullptr;
  REQUIRE(nvm_emulator_ctrl(&ctrl, device, 0) == 0);
  nvm_ctrl_free(ctrl);
  nvm_emulator_close(device);
}

}  // namespace
}  // namespace nvm::test

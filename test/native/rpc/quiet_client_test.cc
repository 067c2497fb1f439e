// SPDX-License-Identifier: MIT
// While the device is awake, a client's commands go to it, and come back, without a system call.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "emulator/task.h"
#include "rpc/scripted.h"

// Sanitizers make system calls of their own.
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)

namespace nvm::test {
namespace {

// Work that is never done keeps the device's thread from parking.
class AwakeEmulator : public ServedEmulator {
 public:
  AwakeEmulator() {
    emulator::Runner::Pause pause(device->runner());
    pause.subsystem().begin_work(stay_awake(asleep_));
  }
  ~AwakeEmulator() { *asleep_ = true; }

 private:
  static emulator::Task stay_awake(std::shared_ptr<std::atomic<bool>> asleep) {
    while (!*asleep) co_await emulator::next_step{};
    co_return spec::status::success;
  }

  std::shared_ptr<std::atomic<bool>> asleep_ = std::make_shared<std::atomic<bool>>(false);
};

int run_client(const std::string& socket, const char* how) {
  const std::string program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "rpc_client";
  const pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    execl(program.c_str(), program.c_str(), socket.c_str(), how, nullptr);
    _exit(127);
  }
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  return status;
}

TEST_CASE("a client makes no system call while the device is awake") {
  AwakeEmulator emulator;
  const int quiet = run_client(emulator.server->path(), "quiet");
  CHECK_MESSAGE(WIFEXITED(quiet), "killed by signal " << WTERMSIG(quiet));
  CHECK(WEXITSTATUS(quiet) == 0);
  // One that gives way after each command is noticed.
  const int yields = run_client(emulator.server->path(), "yields");
  CHECK(WIFSIGNALED(yields));
  CHECK(WTERMSIG(yields) == SIGSYS);
}

}  // namespace
}  // namespace nvm::test
#endif

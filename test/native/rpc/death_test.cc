// SPDX-License-Identifier: MIT
// Processes of clients that are killed, wherever they are: nothing of them is left, and the I/O of
// another client goes on.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "rpc/scripted.h"
#include "rpc/worker.h"

namespace nvm::test {
namespace {

size_t count_fds() {
  size_t count = 0;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
    count += each.path().empty() ? 0 : 1;
  }
  return count;
}

// Mappings of memory that processes share.
size_t count_mappings() {
  std::ifstream maps("/proc/self/maps");
  size_t count = 0;
  for (std::string line; std::getline(maps, line);) count += line.find("/memfd:") != line.npos;
  return count;
}

// A client that is where it is to be killed.
class Victim {
 public:
  Victim(const std::string& socket, const char* how) {
    const std::string program =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "rpc_client";
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    const UniqueFd told(ends[0]);
    UniqueFd telling(ends[1]);
    pid_ = fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      dup2(telling.get(), 1);
      execl(program.c_str(), program.c_str(), socket.c_str(), how, nullptr);
      _exit(127);
    }
    telling.reset();
    char byte;
    REQUIRE(read(told.get(), &byte, 1) == 1);
  }
  ~Victim() { kill(); }
  void kill() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    int status;
    REQUIRE(waitpid(pid_, &status, 0) == pid_);
    CHECK(WIFSIGNALED(status));
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
};

struct Belongings {
  size_t fds, mappings, numbers;
  bool operator==(const Belongings&) const = default;
};

Belongings belongings(Controller& controller) {
  return {count_fds(), count_mappings(), count_free_numbers(controller)};
}

void kill_many(const char* how, uint64_t latency_ns, unsigned kills) {
  FaultyEmulator emulator(latency_ns);
  Folder folder;
  auto started =
      rpc::Server::start(rpc::share(*emulator.controller).value(), folder / "nvm", {}, {});
  REQUIRE(started.ok());
  const std::string path = started.value()->path();
  Worker worker(open_controller(open_transport(path)));
  const auto settle = [&](const Belongings& wanted) {
    return wait_until(thread_waiter(), kTimeoutNs,
                      [&] { return belongings(*emulator.controller) == wanted; });
  };
  const Belongings alone = belongings(*emulator.controller);
  for (unsigned i = 0; i < kills; i++) {
    Victim victim(path, how);
    usleep(i * 137 % 2000);
    victim.kill();
    REQUIRE(settle(alone));
  }
  CHECK(worker.stop() > 0);
}

TEST_CASE("clients that are killed idle leave nothing") {
  kill_many("idle", 0, 10);
}

TEST_CASE("clients that are killed as they submit leave nothing") {
  kill_many("submit", 0, 20);
}

TEST_CASE("clients that are killed with commands under way leave nothing") {
  kill_many("submit", 300'000, 20);
}

TEST_CASE("clients that are killed in an admin command leave nothing") {
  kill_many("rpc", 0, 20);
}

TEST_CASE("clients that are killed between creations and deletions leave nothing") {
  kill_many("create", 0, 20);
}

TEST_CASE("many are killed at once") {
  FaultyEmulator emulator;
  Folder folder;
  auto started =
      rpc::Server::start(rpc::share(*emulator.controller).value(), folder / "nvm", {}, {});
  REQUIRE(started.ok());
  const size_t numbers = count_free_numbers(*emulator.controller);
  {
    std::vector<std::unique_ptr<Victim>> victims;
    for (const char* how : {"idle", "submit", "rpc", "create", "submit"}) {
      victims.push_back(std::make_unique<Victim>(started.value()->path(), how));
    }
  }
  CHECK(wait_until(thread_waiter(), kTimeoutNs,
                   [&] { return count_free_numbers(*emulator.controller) == numbers; }));
}

}  // namespace
}  // namespace nvm::test

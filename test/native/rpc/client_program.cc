// SPDX-License-Identifier: MIT
// A client in a process of its own, which is killed: `rpc_client SOCKET idle|submit|rpc|create`.
// Writes a byte to standard output when it is where it is to be killed, and never ends by itself.
// `quiet` and `yields` end: by the kernel when a system call is made while commands are sent.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "driver/controller.h"
#include "driver/wait.h"
#include "platform/ordering.h"
#include "transport/open.h"

namespace {

using namespace nvm;

template <class Value>
Value must(Result<Value> result) {
  if (!result.ok()) {
    dprintf(2, "rpc_client: %s\n", result.status().failure().detail.c_str());
    _exit(1);
  }
  return std::move(result.value());
}

std::shared_ptr<QueuePair> make_pair(Controller& controller) {
  QueuePairOptions options;
  options.depth = 16;
  return must(controller.create_queue_pair(options));
}

void tell() {
  if (write(1, "!", 1) != 1) _exit(1);
}

// Keeps as many commands outstanding as fit, writes and reads of blocks that are nobody else's.
[[noreturn]] void submit(Controller& controller) {
  auto pair = make_pair(controller);
  auto data = must(controller.allocate(16 * 4096));
  for (uint32_t count = 0;; count++) {
    while (spec::SubmissionQueueEntry* entry = pair->enqueue()) {
      *entry = {};
      entry->opc = count % 2 == 0 ? spec::nvm_opcode::write : spec::nvm_opcode::read;
      entry->nsid = 1;
      entry->prp1 = data->io_address(count % 16 * 4096);
      entry->cdw10 = 1024 + count % 16 * 8;
      entry->cdw12 = 7;
      count++;
    }
    pair->ring();
    if (count == 16) tell();
    while (const spec::CompletionQueueEntry* completion = pair->poll()) pair->consume();
    pair->ring_cq();
  }
}

[[noreturn]] void ask(Controller& controller) {
  auto page = must(controller.allocate(4096));
  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::identify;
  command.cdw10 = spec::cns::identify_controller;
  command.prp1 = page->io_address(0);
  for (int count = 0;; count++) {
    if (count == 1) tell();
    (void)must(controller.admin(command, 5'000 * kNanosecondsPerMillisecond, page));
  }
}

[[noreturn]] void create(Controller& controller) {
  for (int count = 0;; count++) {
    if (count == 1) tell();
    (void)make_pair(controller)->close();
  }
}

// From now on a system call of this thread other than the one that ends it kills the process.
void forbid_system_calls() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  const sock_fprog filter{std::size(program), program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(3);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) _exit(3);
}

// Reads blocks, in a queue that is there already, of a device that is awake.
[[noreturn]] void read_quietly(Controller& controller, bool yields) {
  constexpr uint32_t kRounds = 1000;
  auto pair = make_pair(controller);
  auto page = must(controller.allocate(4096));
  forbid_system_calls();
  for (uint32_t round = 0; round < kRounds; round++) {
    spec::SubmissionQueueEntry& entry = *pair->enqueue();
    entry = {};
    entry.opc = spec::nvm_opcode::read;
    entry.nsid = 1;
    entry.prp1 = page->io_address(0);
    entry.cdw10 = round;
    pair->ring();
    const spec::CompletionQueueEntry* completion = nullptr;
    while ((completion = pair->poll()) == nullptr) spin_hint();
    if (yields) sched_yield();
    pair->consume();
    pair->ring_cq();
    if (completion->status >> 1 != 0) _exit(4);
  }
  _exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto controller = must(Controller::open(must(open_transport(argv[1])), thread_waiter()));
  if (!controller->claim_admin().ok()) return 1;
  if (strcmp(argv[2], "submit") == 0) submit(*controller);
  if (strcmp(argv[2], "rpc") == 0) ask(*controller);
  if (strcmp(argv[2], "create") == 0) create(*controller);
  if (strcmp(argv[2], "quiet") == 0) read_quietly(*controller, false);
  if (strcmp(argv[2], "yields") == 0) read_quietly(*controller, true);
  auto pair = make_pair(*controller);
  auto memory = must(controller->allocate(1 << 20));
  tell();
  for (;;) pause();
}

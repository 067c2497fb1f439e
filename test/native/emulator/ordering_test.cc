// SPDX-License-Identifier: MIT
// What a host could see of a completion at any moment: the CPU stops after each instruction of the
// device (the trap flag), and the handler looks at the entry as a host would. x86-64 shows stores
// to others in the order of the program, so nothing is left to chance.
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)  // which would take signals for its own
#include <signal.h>
#include <ucontext.h>

#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

constexpr uint32_t kPhase = 0x10000;
constexpr size_t kDataBytes = 512;

// The entry that is awaited, and what was there when its phase tag had come.
struct Watched {
  const volatile uint32_t* entry;
  const std::byte* data;
  uint32_t phase;
  uint32_t words[4];
  std::byte bytes[kDataBytes];
  bool seen;
  uint64_t instructions;
};
Watched watched;

// raise() begins, the phase tag ends.
void on_trap(int, siginfo_t*, void* context) {
  constexpr greg_t kTrapFlag = 0x100;
  greg_t& flags = static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL];
  watched.instructions++;
  if ((watched.entry[3] & kPhase) != watched.phase) {
    flags |= kTrapFlag;
    return;
  }
  flags &= ~kTrapFlag;
  watched.seen = true;
  for (int i = 0; i < 4; i++) watched.words[i] = watched.entry[i];
  memcpy(watched.bytes, watched.data, kDataBytes);
}

class Trap {
 public:
  Trap() {
    struct sigaction action = {};
    action.sa_sigaction = on_trap;
    action.sa_flags = SA_SIGINFO;
    REQUIRE(sigaction(SIGTRAP, &action, &before_) == 0);
  }
  ~Trap() { sigaction(SIGTRAP, &before_, nullptr); }

 private:
  struct sigaction before_;
};

}  // namespace

TEST_CASE("whoever sees a completion's phase tag sees the rest of it, and the data") {
  TestHost host;
  ScriptedStore& store = host.add_namespace(1 << 20);
  std::fill(store.memory.begin(), store.memory.end(), std::byte{0x3c});
  host.enable();
  HostQueue queue = host.create_pair(1, 4);
  const uint64_t data = host.allocate(4096);
  const Trap trap;
  for (uint16_t round = 0; round < 6; round++) {
    CAPTURE(round);
    auto* entry = &host.as<uint32_t>(queue.cq_address + queue.head * 16);
    for (int i = 0; i < 3; i++) entry[i] = 0xa5a5a5a5;
    memset(host.at(data), 0, kDataBytes);
    watched = {};
    watched.entry = entry;
    watched.data = host.at(data);
    watched.phase = queue.phase * kPhase;
    host.submit(queue, TestHost::data_command(spec::nvm_opcode::read, round, round, 1, data));
    raise(SIGTRAP);
    host.step_all();
    REQUIRE(watched.seen);
    CHECK(watched.instructions > 100);
    CHECK(watched.words[0] == 0);
    CHECK(watched.words[1] == 0);
    CHECK(watched.words[2] == (queue.tail | 1u << 16));
    CHECK(watched.words[3] == (round | queue.phase * kPhase));
    CHECK(std::all_of(watched.bytes, watched.bytes + kDataBytes,
                      [](std::byte each) { return each == std::byte{0x3c}; }));
    host.take_completion(queue);
  }
}

}  // namespace nvm::emulator
#endif

// SPDX-License-Identifier: MIT
// How a guarded copy survives: it notes where to jump, copies, and forgets the note. The handler
// runs on the faulting thread, finds the note and jumps back; without a note it behaves as if we
// were not there.
#include "platform/sigbus_guard.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <atomic>

#include "platform/cached_copy.h"

namespace nvm {
namespace {

// Where this thread's guarded copy continues after SIGBUS; null outside of one. initial-exec,
// because the handler must not be the first to touch lazily allocated thread-local storage;
// volatile, because the compiler does not see that the handler reads it.
thread_local sigjmp_buf* volatile jump_target __attribute__((tls_model("initial-exec"))) = nullptr;

struct sigaction previous_action;

// A range whose pages are replaced when they vanish. Free while `end` is 0.
struct WatchedRange {
  std::atomic<bool> taken;
  std::atomic<uintptr_t> first;
  std::atomic<uintptr_t> end;
  std::atomic<bool> replaced;
};
constexpr size_t kWatchedRangesMax = 64;
WatchedRange watched_ranges[kWatchedRangesMax];

// True when the page at `address` is one of ours now, so that the access can be repeated.
bool replace_page(uintptr_t address) {
  constexpr uintptr_t kPageBytes = 4096;
  for (WatchedRange& range : watched_ranges) {
    const uintptr_t end = range.end.load(std::memory_order_acquire);
    if (address >= end || address < range.first.load(std::memory_order_relaxed)) continue;
    void* page = reinterpret_cast<void*>(address / kPageBytes * kPageBytes);
    range.replaced.store(true, std::memory_order_release);
    return mmap(page, kPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                -1, 0) != MAP_FAILED;
  }
  return false;
}

// As if only the previous handler were installed.
void pass_on(int signal_number, siginfo_t* info, void* context) {
  const bool sent = info->si_code <= 0;  // by kill() or the like, not by a fault
  if (previous_action.sa_flags & SA_SIGINFO) {
    previous_action.sa_sigaction(signal_number, info, context);
  } else if (previous_action.sa_handler == SIG_IGN && sent) {
    return;
  } else if (previous_action.sa_handler == SIG_DFL || previous_action.sa_handler == SIG_IGN) {
    sigaction(SIGBUS, &previous_action, nullptr);
    // A fault repeats when we return; a signal that was sent does not, so it is sent again.
    if (sent) raise(SIGBUS);
  } else {
    previous_action.sa_handler(signal_number);
  }
}

void on_sigbus(int signal_number, siginfo_t* info, void* context) {
  sigjmp_buf* target = jump_target;
  const bool fault = info->si_code > 0;  // not kill() or sigqueue()
  if (fault && target == nullptr && replace_page(reinterpret_cast<uintptr_t>(info->si_addr))) {
    return;
  }
  if (target == nullptr || !fault) return pass_on(signal_number, info, context);
  jump_target = nullptr;
  // The jump leaves the handler without the kernel's return from it, which would restore the signal
  // mask.
  pthread_sigmask(SIG_SETMASK, &static_cast<ucontext_t*>(context)->uc_sigmask, nullptr);
  siglongjmp(*target, 1);
}

bool install() {
  struct sigaction action = {};
  action.sa_sigaction = on_sigbus;
  // SA_NODEFER: a previous handler may leave by a jump as well.
  // SA_ONSTACK: the host program may have given this thread an alternate stack for its handlers.
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  return sigaction(SIGBUS, &action, &previous_action) == 0;
}

// Once for the process: a second time, the previous handler would be our own.
bool is_installed() {
  static const bool installed = install();
  return installed;
}

// The fences keep the compiler from moving the copy out of the span in which the note stands; the
// processor needs none, since handler and copy run on one thread.
template <class Copy>
bool guarded(Copy copy) {
  if (!is_installed()) return false;
  sigjmp_buf here;
  if (sigsetjmp(here, 0) != 0) return false;
  jump_target = &here;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  copy();
  std::atomic_signal_fence(std::memory_order_seq_cst);
  jump_target = nullptr;
  return true;
}

}  // namespace

bool guarded_copy(void* destination, const void* source, size_t byte_length) {
  return guarded([=] { cached_copy(destination, source, byte_length); });
}

bool guarded_publish(uint32_t& destination, uint32_t word) {
  return guarded([&destination, word] {
    std::atomic_ref<uint32_t>(destination).store(word, std::memory_order_release);
  });
}

std::unique_ptr<PageReplacement> PageReplacement::watch(void* bytes, size_t byte_length) {
  if (!is_installed()) return nullptr;
  for (size_t slot = 0; slot < kWatchedRangesMax; slot++) {
    WatchedRange& range = watched_ranges[slot];
    if (range.taken.exchange(true, std::memory_order_acquire)) continue;
    const auto first = reinterpret_cast<uintptr_t>(bytes);
    range.replaced.store(false, std::memory_order_relaxed);
    range.first.store(first, std::memory_order_relaxed);
    range.end.store(first + byte_length, std::memory_order_release);
    return std::unique_ptr<PageReplacement>(new PageReplacement(slot));
  }
  return nullptr;
}

PageReplacement::~PageReplacement() {
  WatchedRange& range = watched_ranges[slot_];
  range.end.store(0, std::memory_order_release);
  range.taken.store(false, std::memory_order_release);
}

bool PageReplacement::happened() const {
  return watched_ranges[slot_].replaced.load(std::memory_order_acquire);
}

}  // namespace nvm

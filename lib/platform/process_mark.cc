// SPDX-License-Identifier: MIT
#include "platform/process_mark.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>

namespace nvm {
namespace {

// How many forks lie between the process that loaded the library and this one.
std::atomic<uint32_t> forks{0};

}  // namespace

ProcessMark::ProcessMark() {
  [[maybe_unused]] static const int registered =
      pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });
  generation_ = forks.load(std::memory_order_relaxed);
  process_id_ = getpid();
}

bool ProcessMark::is_inherited() const {
  return forks.load(std::memory_order_relaxed) != generation_;
}

std::string ProcessMark::explain() const {
  return "it belongs to process " + std::to_string(process_id_) +
         ", of which this one was forked; a child opens its own";
}

}  // namespace nvm

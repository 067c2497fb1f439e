// SPDX-License-Identifier: MIT
#include "platform/process_fd.h"

#include <pthread.h>

#include <mutex>

namespace nvm {

struct ProcessFd::Entry {
  UniqueFd fd;
  Entry* next = nullptr;
  Entry** link = nullptr;  // what points to this one

  // Of all entries. Never destroyed: a fork may come while the process exits.
  static std::mutex& mutex() {
    static auto* one = new std::mutex;
    return *one;
  }
  static inline Entry* first = nullptr;  // guarded by mutex()

  static void close_all_in_child() {
    for (Entry* each = first; each != nullptr; each = each->next) each->fd.reset();
    mutex().unlock();
  }
};

ProcessFd::ProcessFd(UniqueFd fd) : entry_(std::make_unique<Entry>()) {
  [[maybe_unused]] static const int registered = pthread_atfork(
      [] { Entry::mutex().lock(); }, [] { Entry::mutex().unlock(); }, Entry::close_all_in_child);
  std::lock_guard lock(Entry::mutex());
  entry_->fd = std::move(fd);
  entry_->next = Entry::first;
  entry_->link = &Entry::first;
  if (entry_->next != nullptr) entry_->next->link = &entry_->next;
  Entry::first = entry_.get();
}

// Closed before a fork can come between, after which a child would have it open for ever.
ProcessFd::~ProcessFd() {
  if (entry_ == nullptr) return;
  std::lock_guard lock(Entry::mutex());
  *entry_->link = entry_->next;
  if (entry_->next != nullptr) entry_->next->link = entry_->link;
  entry_->fd.reset();
}

ProcessFd::ProcessFd(ProcessFd&& other) noexcept = default;

int ProcessFd::get() const {
  return entry_ == nullptr ? -1 : entry_->fd.get();
}

}  // namespace nvm

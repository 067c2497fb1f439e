// SPDX-License-Identifier: MIT
// Copies from and to mappings whose file was cut short, and SIGBUS that is none of the guard's
// business.
#include "platform/sigbus_guard.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

using namespace nvm;

namespace {

constexpr size_t kPage = 4096;
constexpr size_t kPages = 4;

// A mapping of four pages of which only the first has a file behind it.
class TruncatedMapping {
 public:
  TruncatedMapping() {
    fd_ = memfd_create("truncated", MFD_CLOEXEC);
    REQUIRE(ftruncate(fd_, kPages * kPage) == 0);
    void* bytes = mmap(nullptr, kPages * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
    REQUIRE(bytes != MAP_FAILED);
    bytes_ = static_cast<char*>(bytes);
    memset(bytes_, 7, kPages * kPage);
    REQUIRE(ftruncate(fd_, kPage) == 0);
  }
  ~TruncatedMapping() {
    munmap(bytes_, kPages * kPage);
    close(fd_);
  }
  char* bytes() { return bytes_; }

 private:
  int fd_;
  char* bytes_;
};

// How a child that runs `body` ends, as wait() says it.
template <class Body>
int outcome_in_child(Body body) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    body();
    _exit(0);
  }
  int outcome = 0;
  REQUIRE(waitpid(child, &outcome, 0) == child);
  return outcome;
}

}  // namespace

TEST_CASE("a copy between reachable pages copies") {
  std::vector<char> from(3 * kPage, 5), to(3 * kPage, 0);
  CHECK(guarded_copy(to.data(), from.data(), from.size()));
  CHECK(to == from);
}

TEST_CASE("a copy from or to a truncated file fails, again and again, and the thread goes on") {
  TruncatedMapping mapping;
  std::vector<char> memory(kPages * kPage, 1);
  for (int round = 0; round < 100; round++) {
    CHECK_FALSE(guarded_copy(memory.data(), mapping.bytes(), kPages * kPage));
    CHECK_FALSE(guarded_copy(mapping.bytes() + kPage, memory.data(), 8));
    CHECK(guarded_copy(memory.data(), mapping.bytes(), kPage));
  }
}

TEST_CASE("threads fault independently") {
  TruncatedMapping mapping;
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&mapping, &wrong, i] {
      std::vector<char> memory(kPage);
      for (int round = 0; round < 200; round++) {
        const bool beyond_end = (round + i) % 2 == 0;
        const char* from = mapping.bytes() + (beyond_end ? kPage : 0);
        if (guarded_copy(memory.data(), from, kPage) == beyond_end) wrong++;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("SIGBUS outside of a guarded copy still ends the program") {
  TruncatedMapping mapping;
  const int outcome = outcome_in_child([&] {
    signal(SIGBUS, SIG_DFL);  // not what a sanitizer or the test framework installed
    char byte;
    (void)guarded_copy(&byte, mapping.bytes(), 1);
    *static_cast<volatile char*>(mapping.bytes() + kPage) = 1;
  });
  CHECK(WIFSIGNALED(outcome));
  CHECK(WTERMSIG(outcome) == SIGBUS);
}

TEST_CASE("a page that vanished under a store is replaced, that page and no other") {
  TruncatedMapping mapping;
  volatile char* bytes = mapping.bytes();
  {
    auto replacement = PageReplacement::watch(mapping.bytes(), kPages * kPage);
    REQUIRE(replacement != nullptr);
    bytes[0] = 5;
    CHECK_FALSE(replacement->happened());
    bytes[2 * kPage + 9] = 3;
    CHECK(replacement->happened());
    CHECK(bytes[2 * kPage + 9] == 3);
    CHECK(bytes[2 * kPage] == 0);
    char byte;
    CHECK_FALSE(guarded_copy(&byte, mapping.bytes() + kPage, 1));
    CHECK(guarded_copy(&byte, mapping.bytes() + 2 * kPage, 1));
  }
  CHECK(bytes[0] == 5);
  char byte;
  CHECK_FALSE(guarded_copy(&byte, mapping.bytes() + 3 * kPage, 1));
  CHECK_FALSE(PageReplacement::watch(mapping.bytes(), kPage)->happened());
}

TEST_CASE("more ranges than can be watched are refused, and each that ends makes room") {
  TruncatedMapping mapping;
  std::vector<std::unique_ptr<PageReplacement>> watched;
  while (auto each = PageReplacement::watch(mapping.bytes(), kPage)) {
    watched.push_back(std::move(each));
    REQUIRE(watched.size() < 1000);
  }
  watched.pop_back();
  CHECK(PageReplacement::watch(mapping.bytes(), kPage) != nullptr);
}

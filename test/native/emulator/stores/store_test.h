// SPDX-License-Identifier: MIT
// What tests of stores share: a folder that goes away, operating system calls that fail on demand,
// and waiting for an operation.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "emulator/stores/file_store.h"

namespace nvm::emulator {

// The C library's calls of these names, as all tests of this program see them: counted, and failing
// with `error` unless that is 0.
struct OsCall {
  std::atomic<unsigned> calls{0};
  std::atomic<int> error{0};
  std::atomic<std::thread::id> thread{};
};
struct OsCalls {
  OsCall fdatasync, fsync, fallocate, rename;
};
extern OsCalls os_calls;  // in file_store_test.cc

// Lets a call fail until the end of the block.
class Failing {
 public:
  Failing(OsCall& call, int error) : call_(call) { call_.error = error; }
  ~Failing() { call_.error = 0; }

 private:
  OsCall& call_;
};

class TemporaryFolder {
 public:
  TemporaryFolder() { REQUIRE(mkdtemp(path_) != nullptr); }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path() const { return path_; }
  std::string file(const std::string& name) const { return std::string(path_) + "/" + name; }
  bool has(const std::string& name) const { return std::filesystem::exists(file(name)); }

 private:
  char path_[32] = "/tmp/peernvm-test-XXXXXX";
};

inline FileStoreOptions create(const std::string& path, uint64_t byte_length) {
  FileStoreOptions options;
  options.path = path;
  options.byte_length = byte_length;
  options.create = true;
  return options;
}

inline uint64_t disk_bytes(const std::string& path) {
  struct stat info = {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  return static_cast<uint64_t>(info.st_blocks) * 512;
}

// How an operation ends that began with `progress`.
inline Progress outcome(const Operation& operation, Progress progress) {
  if (progress != Progress::Pending) return progress;
  for (int round = 0; round < 20'000 && operation.progress == Progress::Pending; round++) {
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  return operation.progress;
}

}  // namespace nvm::emulator

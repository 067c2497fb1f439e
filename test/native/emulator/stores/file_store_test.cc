// SPDX-License-Identifier: MIT
// Raw images: sparse, locked, flushed, and harmless when the file fails under the mapping.
#include "emulator/stores/file_store.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <cerrno>

#include "emulator/stores/image_lock.h"
#include "emulator/stores/store_test.h"
#include "emulator/test_host.h"

namespace nvm::emulator {
OsCalls os_calls;
}

// In place of the C library's, so that the tests see the calls and can make them fail.
template <class Number, class... Arguments>
static int call_os(nvm::emulator::OsCall& call, Number number, Arguments... arguments) {
  call.calls++;
  call.thread = std::this_thread::get_id();
  if (call.error != 0) {
    errno = call.error;
    return -1;
  }
  return static_cast<int>(syscall(number, arguments...));
}
extern "C" int fdatasync(int fd) {
  return call_os(nvm::emulator::os_calls.fdatasync, SYS_fdatasync, fd);
}
extern "C" int fsync(int fd) {
  return call_os(nvm::emulator::os_calls.fsync, SYS_fsync, fd);
}
extern "C" int fallocate(int fd, int mode, off_t offset, off_t byte_length) {
  return call_os(nvm::emulator::os_calls.fallocate, SYS_fallocate, fd, mode, offset, byte_length);
}
extern "C" int rename(const char* from, const char* to) noexcept {
  return call_os(nvm::emulator::os_calls.rename, SYS_rename, from, to);
}

namespace nvm::emulator {
namespace {

struct Imaged : TestHost {
  explicit Imaged(std::unique_ptr<Store> store) {
    subsystem.add_namespace(make_nvm_namespace(std::move(store), 512, nullptr));
    enable();
    queue = create_pair(1, 16);
    page = allocate(4096);
  }
  // Steps until the completion is there; the store's worker has its own time.
  spec::CompletionQueueEntry wait(HostQueue& on) {
    for (int round = 0; round < 10'000 && !has_completion(on); round++) {
      if (!step()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return take_completion(on);
  }
  uint16_t run(const spec::SubmissionQueueEntry& sqe) {
    submit(queue, sqe);
    return status_of(wait(queue));
  }
  HostQueue queue;
  uint64_t page = 0;
};

TEST_CASE("an image is made sparse and keeps what is written") {
  TemporaryFolder folder;
  const std::string path = folder.file("disk.img");
  constexpr uint64_t kBytes = 1ull << 32;
  {
    auto store = open_file_store(create(path, kBytes));
    REQUIRE(store.ok());
    CHECK(store.value()->byte_length() == kBytes);
    Imaged host(std::move(store.value()));
    host.as<uint64_t>(host.page) = 0x1234;
    CHECK(host.run(TestHost::data_command(spec::nvm_opcode::write, 1, kBytes / 512 - 1, 1,
                                          host.page)) == 0);
  }
  struct stat info = {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK(static_cast<uint64_t>(info.st_size) == kBytes);
  CHECK(info.st_blocks * 512 < 1 << 20);
  FileStoreOptions options;
  options.path = path;
  auto again = open_file_store(options);
  REQUIRE(again.ok());
  uint64_t word = 0;
  memcpy(&word, again.value()->bytes() + kBytes - 512, 8);
  CHECK(word == 0x1234);
}

TEST_CASE("flush of a file store calls fdatasync, on another thread") {
  TemporaryFolder folder;
  auto store = open_file_store(create(folder.file("disk.img"), 1 << 20));
  REQUIRE(store.ok());
  Imaged host(std::move(store.value()));
  const unsigned before = os_calls.fdatasync.calls;
  CHECK(host.run(TestHost::data_command(spec::nvm_opcode::write, 1, 0, 1, host.page)) == 0);
  CHECK(os_calls.fdatasync.calls == before);
  CHECK(host.run(TestHost::data_command(spec::nvm_opcode::flush, 1, 0, 1, 0)) == 0);
  CHECK(os_calls.fdatasync.calls == before + 1);
  CHECK(os_calls.fdatasync.thread.load() != std::this_thread::get_id());
}

TEST_CASE(
    "fsyncgate: after a failing fdatasync no flush succeeds until the image is opened again") {
  TemporaryFolder folder;
  for (const int error : {EIO, ENOSPC}) {
    auto store = open_file_store(create(folder.file("disk.img"), 1 << 20));
    REQUIRE(store.ok());
    Store& raw = *store.value();
    Imaged host(std::move(store.value()));
    const auto flush = TestHost::data_command(spec::nvm_opcode::flush, 1, 0, 1, 0);
    CHECK(host.run(flush) == 0);
    {
      const Failing failing(os_calls.fdatasync, error);
      CHECK(host.run(flush) == spec::status::write_fault);
    }
    // The operating system would say yes now: the pages that it lost count as clean.
    CHECK(host.run(flush) == spec::status::write_fault);
    Operation operation;
    CHECK(outcome(operation, raw.begin_flush(operation)) == Progress::Failed);
    CHECK(operation.os_error == error);
    CHECK(host.run(TestHost::data_command(spec::nvm_opcode::write, 1, 0, 1, host.page)) == 0);
    CHECK(host.run(TestHost::data_command(spec::nvm_opcode::read, 1, 0, 1, host.page)) == 0);
  }
  Imaged host(std::move(open_file_store(create(folder.file("disk.img"), 1 << 20)).value()));
  CHECK(host.run(TestHost::data_command(spec::nvm_opcode::flush, 1, 0, 1, 0)) == 0);
}

TEST_CASE("an interrupted fdatasync is repeated") {
  TemporaryFolder folder;
  auto store = open_file_store(create(folder.file("disk.img"), 1 << 20));
  REQUIRE(store.ok());
  Operation operation;
  os_calls.fdatasync.error = EINTR;
  const unsigned before = os_calls.fdatasync.calls;
  const Progress progress = store.value()->begin_flush(operation);
  while (os_calls.fdatasync.calls < before + 3) std::this_thread::yield();
  os_calls.fdatasync.error = 0;
  CHECK(outcome(operation, progress) == Progress::Done);
}

// Odd ends, so that parts of blocks and pages are there too.
constexpr uint64_t kHoleFirst = (1 << 20) - 300;
constexpr uint64_t kHoleLast = (3 << 20) + 700;

void check_hole(Store& store) {
  const std::byte* bytes = store.bytes();
  uint64_t wrong = 0;
  for (uint64_t at = 0; at < store.byte_length(); at++) {
    const bool inside = at >= kHoleFirst && at < kHoleLast;
    wrong += bytes[at] != std::byte{inside ? uint8_t{0} : uint8_t{0x5a}};
  }
  CHECK(wrong == 0);
}

TEST_CASE("deallocating gives the file's space back, on another thread") {
  TemporaryFolder folder;
  const std::string path = folder.file("disk.img");
  auto store = open_file_store(create(path, 4 << 20));
  REQUIRE(store.ok());
  memset(store.value()->bytes(), 0x5a, 4 << 20);
  Operation operation;
  CHECK(outcome(operation, store.value()->begin_flush(operation)) == Progress::Done);
  const uint64_t before = disk_bytes(path);
  CHECK(before >= 4 << 20);
  CHECK(outcome(operation, store.value()->begin_deallocate(
                               operation, kHoleFirst, kHoleLast - kHoleFirst)) == Progress::Done);
  CHECK(os_calls.fallocate.thread.load() != std::this_thread::get_id());
  CHECK(disk_bytes(path) <= before - (2 << 20) + 8192);
  CHECK(std::filesystem::file_size(path) == 4 << 20);
  check_hole(*store.value());
  CHECK(store.value()->begin_deallocate(operation, 0, 0) == Progress::Done);
}

TEST_CASE("where files have no holes, deallocating writes zeroes") {
  TemporaryFolder folder;
  auto store = open_file_store(create(folder.file("disk.img"), 4 << 20));
  REQUIRE(store.ok());
  memset(store.value()->bytes(), 0x5a, 4 << 20);
  const Failing failing(os_calls.fallocate, EOPNOTSUPP);
  Operation operation;
  CHECK(outcome(operation, store.value()->begin_deallocate(
                               operation, kHoleFirst, kHoleLast - kHoleFirst)) == Progress::Done);
  check_hole(*store.value());
}

TEST_CASE("a deallocation that the operating system refuses fails with its errno") {
  TemporaryFolder folder;
  FileStoreOptions options = create(folder.file("disk.img"), 4 << 20);
  Operation operation;
  {
    auto store = open_file_store(options);
    REQUIRE(store.ok());
    const Failing failing(os_calls.fallocate, EIO);
    CHECK(outcome(operation, store.value()->begin_deallocate(operation, 0, 4096)) ==
          Progress::Failed);
    CHECK(operation.os_error == EIO);
  }
  options.read_only = true;
  auto store = open_file_store(options);
  REQUIRE(store.ok());
  CHECK(store.value()->begin_deallocate(operation, 0, 4096) == Progress::Failed);
  CHECK(operation.os_error == EROFS);
}

TEST_CASE("the completion hook is called when a flush has ended") {
  TemporaryFolder folder;
  auto store = open_file_store(create(folder.file("disk.img"), 1 << 20));
  REQUIRE(store.ok());
  std::atomic<Progress> seen{Progress::Pending};
  Operation operation;
  store.value()->set_completion_hook([&] { seen = operation.progress.load(); });
  CHECK(store.value()->begin_flush(operation) == Progress::Pending);
  store.value().reset();  // waits for the worker
  CHECK(seen == Progress::Done);
}

TEST_CASE("a file truncated under the mapping is a media error for that command only") {
  TemporaryFolder folder;
  const std::string path = folder.file("disk.img");
  auto store = open_file_store(create(path, 1 << 20));
  REQUIRE(store.ok());
  Imaged host(std::move(store.value()));
  REQUIRE(truncate(path.c_str(), 1 << 19) == 0);
  constexpr uint64_t kGone = (1 << 20) / 512 - 8;
  CHECK(host.run(TestHost::data_command(spec::nvm_opcode::read, 1, kGone, 8, host.page)) ==
        spec::status::unrecovered_read_error);
  CHECK(host.run(TestHost::data_command(spec::nvm_opcode::write, 1, kGone, 8, host.page)) ==
        spec::status::write_fault);
  CHECK(host.run(TestHost::data_command(spec::nvm_opcode::write_zeroes, 1, kGone, 8, 0)) ==
        spec::status::write_fault);
  CHECK(host.run(TestHost::data_command(spec::nvm_opcode::read, 1, 0, 8, host.page)) == 0);
  CHECK(host.run(TestHost::data_command(spec::nvm_opcode::write, 1, 0, 8, host.page)) == 0);
}

TEST_CASE("host memory that fails is a Data Transfer Error, queue memory that fails is fatal") {
  TemporaryFolder folder;
  const std::string path = folder.file("disk.img");
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  REQUIRE(fd >= 0);
  REQUIRE(ftruncate(fd, 16384) == 0);
  auto* memory =
      static_cast<std::byte*>(mmap(nullptr, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  REQUIRE(memory != MAP_FAILED);
  TestHost host;
  host.add_namespace(1 << 20);
  host.enable();
  REQUIRE(host.controller.domain().add({0x100000, 16384, memory, true, true}));
  HostQueue queue = host.create_pair(1, 8);
  HostQueue failing = host.make_queue(2, 8);
  failing.sq_address = 0x100000;
  REQUIRE(host.create_cq(failing) == 0);
  REQUIRE(host.create_sq(failing, 2) == 0);
  const auto read_into = [&](uint64_t address) {
    return TestHost::status_of(
        host.execute(queue, TestHost::data_command(spec::nvm_opcode::read, 1, 0, 8, address)));
  };
  CHECK(read_into(0x101000) == 0);
  REQUIRE(ftruncate(fd, 0) == 0);
  CHECK(read_into(0x101000) == spec::status::data_transfer_error);
  CHECK(host.read32(spec::registers::csts) == 1);
  host.ring(4, 1);
  host.step_all();
  CHECK(spec::csts::cfs.get(host.read32(spec::registers::csts)) == 1);
  munmap(memory, 16384);
  close(fd);
}

TEST_CASE("completions into memory that may fail arrive whole, or the failure is fatal") {
  TemporaryFolder folder;
  const int fd = open(folder.file("disk.img").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  REQUIRE(fd >= 0);
  REQUIRE(ftruncate(fd, 4096) == 0);
  auto* memory =
      static_cast<std::byte*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  REQUIRE(memory != MAP_FAILED);
  TestHost host;
  host.add_namespace(1 << 20);
  host.enable();
  REQUIRE(host.controller.domain().add({0x100000, 4096, memory, true, true}));
  HostQueue queue = host.make_queue(1, 8);
  queue.cq_address = 0x100000;
  REQUIRE(host.create_cq(queue) == 0);
  REQUIRE(host.create_sq(queue, 1) == 0);
  spec::SubmissionQueueEntry flush{};
  flush.nsid = 1;
  flush.cid = 0x77;
  host.submit(queue, flush);
  host.step_all();
  spec::CompletionQueueEntry entry;
  memcpy(&entry, memory, sizeof(entry));
  CHECK(entry.cid == 0x77);
  CHECK(entry.sqid == 1);
  CHECK(entry.sqhd == 1);
  CHECK(entry.status == 1);
  REQUIRE(ftruncate(fd, 0) == 0);
  host.submit(queue, flush);
  host.step_all();
  CHECK(spec::csts::cfs.get(host.read32(spec::registers::csts)) == 1);
  munmap(memory, 4096);
  close(fd);
}

TEST_CASE("a full file system is a Write Fault for that command only") {
  TemporaryFolder folder;
  // In a mount namespace of its own: it goes with the process, however that ends.
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
    MESSAGE("SKIPPED: mounting a small tmpfs needs root");
    return;
  }
  {
    auto store = open_file_store(create(folder.file("disk.img"), 16 << 20));
    REQUIRE(store.ok());
    Store& raw = *store.value();
    Imaged host(std::move(store.value()));
    unsigned good = 0;
    unsigned faults = 0;
    for (uint64_t lba = 0; lba < (4 << 20) / 512; lba += 8) {
      const uint16_t status =
          host.run(TestHost::data_command(spec::nvm_opcode::write, 1, lba, 8, host.page));
      (status == 0 ? good : faults)++;
      REQUIRE((status == 0 || status == spec::status::write_fault));
    }
    CHECK(good >= 200);
    CHECK(faults >= 512);
    CHECK(host.run(TestHost::data_command(spec::nvm_opcode::read, 1, 0, 8, host.page)) == 0);
    Operation operation;
    std::byte block[512] = {};
    CHECK(raw.begin_write(operation, (4 << 20) - 512, block, 512) == Progress::Failed);
    CHECK(operation.os_error == EIO);
    CHECK(outcome(operation, raw.begin_deallocate(operation, 0, 256 << 10)) == Progress::Done);
    CHECK(raw.begin_write(operation, (4 << 20) - 512, block, 512) == Progress::Done);
  }
  unlink(folder.file("disk.img").c_str());
  CHECK(umount(folder.path().c_str()) == 0);
}

TEST_CASE("an image that another process has is busy, and the message names the process") {
  TemporaryFolder folder;
  const std::string path = folder.file("disk.img");
  int ready[2];
  int done[2];
  REQUIRE(pipe2(ready, O_CLOEXEC) == 0);
  REQUIRE(pipe2(done, O_CLOEXEC) == 0);
  const pid_t child = fork();
  if (child == 0) {
    close(done[1]);
    auto store = open_file_store(create(path, 1 << 20));
    const char result = store.ok() ? 'y' : 'n';
    (void)!write(ready[1], &result, 1);
    char end;
    (void)!read(done[0], &end, 1);  // until the parent closes its side or dies
    _exit(0);
  }
  REQUIRE(child > 0);
  close(done[0]);
  char result = 0;
  REQUIRE(read(ready[0], &result, 1) == 1);
  CHECK(result == 'y');
  FileStoreOptions options;
  options.path = path;
  {
    auto store = open_file_store(options);
    REQUIRE_FALSE(store.ok());
    CHECK(store.status().failure().code == ErrorCode::Busy);
    CHECK(store.status().failure().detail.find("process " + std::to_string(child)) !=
          std::string::npos);
    CHECK(store.status().failure().detail.find("serve") != std::string::npos);
    options.read_only = true;
    CHECK_FALSE(open_file_store(options).ok());
  }
  close(done[1]);
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  close(ready[0]);
  close(ready[1]);
  auto first = open_file_store(options);
  auto second = open_file_store(options);
  CHECK(first.ok());
  CHECK(second.ok());  // readers share
  options.read_only = false;
  CHECK_FALSE(open_file_store(options).ok());
}

TEST_CASE("the holder of a lock is read from /proc/locks by device and inode") {
  const std::string locks =
      "1: POSIX  ADVISORY  WRITE 900 fd:01:77 0 EOF\n"
      "2: FLOCK  ADVISORY  WRITE 901 fd:02:77 0 EOF\n"
      "3: FLOCK  ADVISORY  READ 902 fd:01:77 0 EOF\n"
      "4: FLOCK  ADVISORY  WRITE -1 fd:01:78 0 EOF\n";
  CHECK(find_lock_holder(locks, makedev(0xfd, 1), 77) == 902);
  CHECK(find_lock_holder(locks, makedev(0, 9), 77) != 0);  // another number, the same inode
  CHECK(find_lock_holder(locks, makedev(0xfd, 1), 78) == 0);
  CHECK(find_lock_holder("", makedev(0xfd, 1), 77) == 0);
}

TEST_CASE("images that cannot be used are refused with what to do") {
  TemporaryFolder folder;
  const std::string path = folder.file("disk.img");
  const auto refusal = [&](const FileStoreOptions& options) {
    auto store = open_file_store(options);
    REQUIRE_FALSE(store.ok());
    CHECK(store.status().failure().code == ErrorCode::Image);
    return store.status().failure().detail;
  };
  FileStoreOptions options;
  options.path = path;
  CHECK(refusal(options).find("does not exist; ask") != std::string::npos);
  const auto in_no_folder = create(folder.file("none/disk.img"), 4096);
  CHECK(refusal(in_no_folder).find("its folder does not exist") != std::string::npos);
  CHECK(refusal(create(path, 0)).find("is empty") != std::string::npos);
  CHECK(refusal(create(path, 1000)).find("512") != std::string::npos);
  REQUIRE(open_file_store(create(path, 8192)).ok());
  options.byte_length = 4096;
  CHECK(refusal(options).find("leave out the size") != std::string::npos);
  options.byte_length = 16384;
  CHECK(refusal(options).find("ask to create") != std::string::npos);
  CHECK(open_file_store(create(path, 16384)).ok());  // grows
  options.path = folder.path();
  CHECK(refusal(options).find("directory") != std::string::npos);
  options.path = "/dev/null";
  options.byte_length = 0;
  CHECK(refusal(options).find("regular file") != std::string::npos);
}

TEST_CASE("an image opened for reading only is write-protected, by option or by descriptor") {
  TemporaryFolder folder;
  const std::string path = folder.file("disk.img");
  REQUIRE(open_file_store(create(path, 1 << 20)).ok());
  FileStoreOptions options;
  options.path = path;
  options.read_only = true;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  FileStoreOptions by_descriptor;
  by_descriptor.fd = fd;
  for (const FileStoreOptions& given : {options, by_descriptor}) {
    auto store = open_file_store(given);
    REQUIRE(store.ok());
    CHECK(store.value()->read_only());
    Imaged host(std::move(store.value()));
    CHECK(host.run(TestHost::data_command(spec::nvm_opcode::write, 1, 0, 1, host.page)) ==
          spec::status::namespace_is_write_protected);
    CHECK(host.run(TestHost::data_command(spec::nvm_opcode::flush, 1, 0, 1, 0)) == 0);
  }
  close(fd);
}

}  // namespace
}  // namespace nvm::emulator

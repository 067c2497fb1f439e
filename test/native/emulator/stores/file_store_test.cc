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

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "emulator/stores/image_lock.h"
#include "emulator/test_host.h"

static std::atomic<unsigned> fdatasync_calls{0};
static std::atomic<std::thread::id> fdatasync_thread{};
static std::atomic<int> fdatasync_errno{0};

// In place of the C library's, so that the tests see the calls and can make them fail.
extern "C" int fdatasync(int fd) {
  fdatasync_calls++;
  fdatasync_thread = std::this_thread::get_id();
  if (fdatasync_errno != 0) {
    errno = fdatasync_errno;
    return -1;
  }
  return static_cast<int>(syscall(SYS_fdatasync, fd));
}

namespace nvm::emulator {
namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() { REQUIRE(mkdtemp(path_) != nullptr); }
  ~TemporaryFolder() {
    unlink(file("disk.img").c_str());
    rmdir(path_);
  }
  std::string path() const { return path_; }
  std::string file(const char* name) const { return std::string(path_) + "/" + name; }

 private:
  char path_[32] = "/tmp/peernvm-test-XXXXXX";
};

FileStoreOptions create(const std::string& path, uint64_t byte_length) {
  FileStoreOptions options;
  options.path = path;
  options.byte_length = byte_length;
  options.create = true;
  return options;
}

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
  const unsigned before = fdatasync_calls;
  CHECK(host.run(TestHost::data_command(spec::nvm_opcode::write, 1, 0, 1, host.page)) == 0);
  CHECK(fdatasync_calls == before);
  CHECK(host.run(TestHost::data_command(spec::nvm_opcode::flush, 1, 0, 1, 0)) == 0);
  CHECK(fdatasync_calls == before + 1);
  CHECK(fdatasync_thread.load() != std::this_thread::get_id());
}

TEST_CASE("a failing fdatasync is a Write Fault of the flush") {
  TemporaryFolder folder;
  auto store = open_file_store(create(folder.file("disk.img"), 1 << 20));
  REQUIRE(store.ok());
  Imaged host(std::move(store.value()));
  fdatasync_errno = EIO;
  CHECK(host.run(TestHost::data_command(spec::nvm_opcode::flush, 1, 0, 1, 0)) ==
        spec::status::write_fault);
  fdatasync_errno = 0;
  CHECK(host.run(TestHost::data_command(spec::nvm_opcode::flush, 1, 0, 1, 0)) == 0);
}

TEST_CASE("the completion hook is called when a flush has ended") {
  TemporaryFolder folder;
  auto store = open_file_store(create(folder.file("disk.img"), 1 << 20));
  REQUIRE(store.ok());
  std::atomic<Progress> seen{Progress::Pending};
  StoreOperation operation;
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
  CHECK(refusal(options).find("does not exist") != std::string::npos);
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

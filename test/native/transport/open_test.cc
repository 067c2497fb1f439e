// SPDX-License-Identifier: MIT
// The table of targets: what opens what, what is shared, and what a refusal says.
#include "transport/open.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "transport/raw_host.h"

using namespace nvm;
using namespace nvm::test;

namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    char path[] = "/tmp/peernvm-open-XXXXXX";
    REQUIRE(mkdtemp(path) != nullptr);
    path_ = path;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string image(const std::string& name, size_t byte_length) const {
    std::ofstream(file(name)).close();
    std::filesystem::resize_file(file(name), byte_length);
    return file(name);
  }

 private:
  std::string path_;
};

const Failure& failure_of(Result<std::shared_ptr<Transport>>& result) {
  REQUIRE_FALSE(result.ok());
  return result.status().failure();
}

}  // namespace

TEST_CASE("an image file is an emulator, and what is written to it stays") {
  TemporaryFolder folder;
  const std::string path = folder.image("disk.img", 1u << 20);
  for (int round = 0; round < 2; round++) {
    auto opened = open_transport(round == 0 ? path : "emulator:" + path);
    REQUIRE(opened.ok());
    CHECK(opened.value()->capabilities().address == path);
    RawHost host(opened.value());
    host.create_io_queue(false, 0);
    const uint8_t opcode = round == 0 ? spec::nvm_opcode::write : spec::nvm_opcode::read;
    if (round == 0) memset(host.page(4), 0x5a, kPage);
    CHECK(host.io.run(host.io_command(opcode, 16, host.address(4))) == 0);
    CHECK(host.page(4)[kPage - 1] == std::byte{0x5a});
  }
}

TEST_CASE("nothing, or only the prefix, is an emulator over memory, each its own") {
  auto one = open_transport("");
  auto other = open_transport("emulator:");
  REQUIRE(one.ok());
  REQUIRE(other.ok());
  CHECK(one.value()->capabilities().address == "memory");
  CHECK(one.value() != other.value());
}

TEST_CASE("the same image is the same device, by whatever path, until it is closed") {
  TemporaryFolder folder;
  const std::string path = folder.image("disk.img", 1u << 20);
  std::filesystem::create_hard_link(path, folder.file("link.img"));
  auto first = open_transport(path);
  auto second = open_transport(folder.file("link.img"));
  REQUIRE(first.ok());
  REQUIRE(second.ok());
  CHECK(first.value() == second.value());
  const int fd = open(path.c_str(), O_RDWR);
  CHECK(open_transport_fd(fd).value() == first.value());
  close(fd);
  first.value().reset();
  second.value().reset();
  CHECK(open_transport(path).ok());
}

TEST_CASE("threads that open and close the same image never find it busy") {
  TemporaryFolder folder;
  const std::string path = folder.image("disk.img", 1u << 20);
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; i++) {
    threads.emplace_back([&] {
      for (int round = 0; round < 30; round++) refused += !open_transport(path).ok();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(refused == 0);
}

TEST_CASE("an image that another process has is ERR_BUSY") {
  TemporaryFolder folder;
  const std::string path = folder.image("disk.img", 1u << 20);
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const int fd = open(path.c_str(), O_RDWR);
    (void)!write(ready[1], flock(fd, LOCK_EX) == 0 ? "y" : "n", 1);
    for (;;) pause();
  }
  char answer = 0;
  REQUIRE(read(ready[0], &answer, 1) == 1);
  REQUIRE(answer == 'y');
  auto busy = open_transport(path);
  CHECK(failure_of(busy).code == ErrorCode::Busy);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  CHECK(open_transport(path).ok());
  close(ready[0]);
  close(ready[1]);
}

TEST_CASE("an image is created sparse, when asked") {
  TemporaryFolder folder;
  EmulatorOptions options;
  options.image = folder.file("new.img");
  options.namespaces[0].byte_length = 64u << 20;
  CHECK_FALSE(open_emulator(options).ok());
  options.create = true;
  auto created = open_emulator(options);
  REQUIRE(created.ok());
  CHECK(std::filesystem::file_size(options.image) == options.namespaces[0].byte_length);
  CHECK(open_emulator(options).value() == created.value());
}

TEST_CASE("an image must have whole blocks") {
  TemporaryFolder folder;
  EmulatorOptions options;
  options.image = folder.image("odd.img", 4096 + 512);
  CHECK(open_emulator(options).ok());
  options.namespaces[0].lba_byte_length = 4096;
  auto odd = open_emulator(options);
  CHECK(failure_of(odd).code == ErrorCode::Image);
  CHECK(failure_of(odd).detail.find("4608 bytes") != std::string::npos);
  options.namespaces[0].lba_byte_length = 1024;
  auto strange = open_emulator(options);
  CHECK(failure_of(strange).code == ErrorCode::Argument);
  auto empty = open_transport(folder.image("empty.img", 0));
  CHECK(failure_of(empty).code == ErrorCode::Image);
}

TEST_CASE("a file descriptor opened for reading only is a write-protected device") {
  TemporaryFolder folder;
  const std::string path = folder.image("disk.img", 1u << 20);
  const int fd = open(path.c_str(), O_RDONLY);
  auto opened = open_transport_fd(fd);
  close(fd);
  REQUIRE(opened.ok());
  CHECK(opened.value()->capabilities().write_protected);
  CHECK(opened.value()->capabilities().address == path);
  RawHost host(opened.value());
  host.create_io_queue(false, 0);
  CHECK(host.io.run(host.io_command(spec::nvm_opcode::read, 0, host.address(4))) == 0);
  CHECK(host.io.run(host.io_command(spec::nvm_opcode::write, 0, host.address(4))) != 0);
}

TEST_CASE("what is no target is refused by what it is") {
  TemporaryFolder folder;
  auto absent = open_transport(folder.file("absent.img"));
  CHECK(failure_of(absent).code == ErrorCode::Target);
  CHECK(failure_of(absent).detail.find("No such file or directory") != std::string::npos);
  auto directory = open_transport("/tmp");
  CHECK(failure_of(directory).detail.find("a folder") != std::string::npos);
  auto device = open_transport("/dev/null");
  CHECK(failure_of(device).detail.find("a character device") != std::string::npos);
  auto no_address = open_transport("pci:disk.img");
  CHECK(failure_of(no_address).detail == "'disk.img' is not a PCI address");
  auto no_device = open_transport("ffff:fe:1f.7");
  CHECK(failure_of(no_device).code == ErrorCode::Target);
  CHECK(failure_of(no_device).detail.find("no PCI device ffff:fe:1f.7") != std::string::npos);
  auto no_fd = open_transport_fd(-1);
  CHECK(failure_of(no_fd).code == ErrorCode::Os);
  int fds[2];
  REQUIRE(pipe(fds) == 0);
  auto pipe_end = open_transport_fd(fds[0]);
  CHECK(failure_of(pipe_end).code == ErrorCode::Target);
  close(fds[0]);
  close(fds[1]);
}

// SPDX-License-Identifier: MIT
// The file beside an image: replaced as a whole, and never believed when it does not belong there.
#include "emulator/stores/sidecar.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "emulator/archive.h"
#include "emulator/stores/store_test.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kImageBytes = 1 << 20;
constexpr char kMark[] = "user.peernvm.image";

std::vector<std::byte> state_of(uint8_t value, size_t byte_length = 1000) {
  return std::vector<std::byte>(byte_length, std::byte{value});
}

struct Image {
  Image() { REQUIRE(open_file_store(create(path, kImageBytes)).ok()); }

  // What is read; nothing when there is no sidecar.
  std::optional<std::vector<std::byte>> read() {
    auto state = read_sidecar(path, kImageBytes);
    if (!state.ok()) FAIL(state.status().failure().detail);
    return state.value();
  }
  std::string refusal(uint64_t image_byte_length = kImageBytes) {
    auto state = read_sidecar(path, image_byte_length);
    REQUIRE_FALSE(state.ok());
    CHECK(state.status().failure().code == ErrorCode::State);
    const std::string detail = state.status().failure().detail;
    CHECK(detail.find(sidecar) != std::string::npos);
    return detail;
  }
  std::vector<std::byte> file() {
    std::ifstream in(sidecar, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
  }
  void replace_file(std::span<const std::byte> bytes) {
    std::ofstream out(sidecar, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
  }

  TemporaryFolder folder;
  std::string path = folder.file("disk.img");
  std::string sidecar = folder.file("disk.img.peernvm");
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("a plain image has no sidecar; what is written beside one is read again") {
  Image image;
  CHECK_FALSE(image.read().has_value());
  REQUIRE(write_sidecar(image.path, kImageBytes, state_of(1)).ok());
  CHECK(image.read() == state_of(1));
  REQUIRE(write_sidecar(image.path, kImageBytes, state_of(2, 0)).ok());
  CHECK(image.read() == state_of(2, 0));
  CHECK_FALSE(image.folder.has("disk.img.peernvm.new"));
}

TEST_CASE("a sidecar is as readable to others as its image") {
  Image image;
  REQUIRE(chmod(image.path.c_str(), 0600) == 0);
  REQUIRE(write_sidecar(image.path, kImageBytes, state_of(1)).ok());
  struct stat info = {};
  REQUIRE(stat(image.sidecar.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("a torn or damaged sidecar is refused, and the message says what to do") {
  Image image;
  REQUIRE(write_sidecar(image.path, kImageBytes, state_of(1, 64)).ok());
  const auto whole = image.file();
  for (size_t length = 0; length < whole.size(); length++) {
    image.replace_file(std::span(whole).first(length));
    CHECK(contains(image.refusal(), "or delete it to open " + image.path + " as a plain image"));
  }
  auto changed = whole;
  changed[whole.size() / 2] ^= std::byte{1};
  image.replace_file(changed);
  CHECK(contains(image.refusal(), "its checksum is wrong; it is torn or damaged"));
  image.replace_file(state_of(7));
  CHECK(contains(image.refusal(), "something else"));
}

TEST_CASE("a sidecar from a newer version is refused") {
  Image image;
  ArchiveWriter writer;
  writer.section(archive_tag("SIDE"), 2, [&](uint32_t) { writer.u64(0); });
  image.replace_file(writer.finish());
  CHECK(contains(image.refusal(), "from a newer version of peernvm"));
  ArchiveWriter other;
  other.section(archive_tag("ELSE"), 1, [&](uint32_t) {});
  image.replace_file(other.finish());
  CHECK(contains(image.refusal(), "section ELSE stands where SIDE belongs"));
}

TEST_CASE("an image of another length than when the sidecar was written is refused") {
  Image image;
  REQUIRE(write_sidecar(image.path, kImageBytes, state_of(1)).ok());
  const std::string detail = image.refusal(kImageBytes * 2);
  CHECK(contains(detail, "had 1048576 bytes, and now it has 2097152"));
  CHECK(contains(detail, "truncate -s 1048576"));
  CHECK(read_sidecar(image.path, 0).value() == state_of(1));  // emptied since
}

TEST_CASE("a sidecar that belongs to another image is refused, and a copy can be adopted") {
  Image image;
  REQUIRE(write_sidecar(image.path, kImageBytes, state_of(1)).ok());
  char mark[64];
  const ssize_t length = getxattr(image.path.c_str(), kMark, mark, sizeof(mark));
  if (length < 0 && errno == EOPNOTSUPP) {
    MESSAGE("SKIPPED: the file system of /tmp has no extended attributes");
    return;
  }
  REQUIRE(length == 32);
  // Somebody puts another image in its place, which never had a sidecar.
  REQUIRE(unlink(image.path.c_str()) == 0);
  REQUIRE(open_file_store(create(image.path, kImageBytes)).ok());
  const std::string value(mark, 32);
  CHECK(contains(image.refusal(), "belongs to another image"));
  CHECK(contains(image.refusal(), "setfattr -n user.peernvm.image -v " + value));
  REQUIRE(setxattr(image.path.c_str(), kMark, value.data(), value.size(), 0) == 0);
  CHECK(image.read() == state_of(1));
  // One that has a sidecar of its own.
  REQUIRE(setxattr(image.path.c_str(), kMark, std::string(32, 'f').data(), 32, 0) == 0);
  CHECK(contains(image.refusal(), "belongs to another image"));
  REQUIRE(setxattr(image.path.c_str(), kMark, "short", 5, 0) == 0);
  CHECK(contains(image.refusal(), "belongs to another image"));
}

TEST_CASE("what is not a file, or too large, is not read") {
  Image image;
  REQUIRE(mkfifo(image.sidecar.c_str(), 0600) == 0);
  CHECK(contains(image.refusal(), "not a regular file"));
  REQUIRE(unlink(image.sidecar.c_str()) == 0);
  image.replace_file({});
  REQUIRE(truncate(image.sidecar.c_str(), 1ll << 40) == 0);
  CHECK(contains(image.refusal(), "larger than any"));
}

TEST_CASE("a write that fails at any call leaves the sidecar that was there") {
  Image image;
  REQUIRE(write_sidecar(image.path, kImageBytes, state_of(1)).ok());
  for (OsCall* call : {&os_calls.fdatasync, &os_calls.rename}) {
    const Failing failing(*call, EIO);
    const Status status = write_sidecar(image.path, kImageBytes, state_of(2));
    REQUIRE_FALSE(status.ok());
    CHECK(status.failure().os_error == EIO);
    CHECK(image.read() == state_of(1));
    CHECK_FALSE(image.folder.has("disk.img.peernvm.new"));
  }
  {
    const Failing failing(os_calls.fsync, EIO);  // of the folder: done, but perhaps not for good
    CHECK_FALSE(write_sidecar(image.path, kImageBytes, state_of(3)).ok());
  }
  CHECK(image.read() == state_of(3));
  image.folder.file("disk.img.peernvm.new");
  std::ofstream(image.folder.file("disk.img.peernvm.new")) << "left by a crash";
  CHECK(write_sidecar(image.path, kImageBytes, state_of(4)).ok());
  CHECK(image.read() == state_of(4));
}

TEST_CASE("the state is on the medium before the name is changed, and the name before the end") {
  Image image;
  REQUIRE(write_sidecar(image.path, kImageBytes, state_of(1)).ok());
  const unsigned data = os_calls.fdatasync.calls;
  const unsigned names = os_calls.fsync.calls;
  {
    const Failing failing(os_calls.rename, EIO);
    CHECK_FALSE(write_sidecar(image.path, kImageBytes, state_of(2)).ok());
    CHECK(os_calls.fdatasync.calls == data + 1);
    CHECK(os_calls.fsync.calls == names);
  }
  CHECK(write_sidecar(image.path, kImageBytes, state_of(2)).ok());
  CHECK(os_calls.fsync.calls == names + 1);
}

TEST_CASE("a writer killed at any moment leaves a whole sidecar") {
  Image image;
  REQUIRE(write_sidecar(image.path, kImageBytes, state_of(0)).ok());
  for (int round = 0; round < 10; round++) {
    int ready[2];
    REQUIRE(pipe2(ready, O_CLOEXEC) == 0);
    const pid_t child = fork();
    if (child == 0) {
      for (uint8_t value = 1;; value++) {
        (void)write_sidecar(image.path, kImageBytes, state_of(value, 20'000));
        if (value == 2) (void)!write(ready[1], "", 1);
      }
    }
    REQUIRE(child > 0);
    char byte;
    CHECK(read(ready[0], &byte, 1) == 1);
    std::this_thread::sleep_for(std::chrono::microseconds(700 * round));
    REQUIRE(kill(child, SIGKILL) == 0);
    CHECK(waitpid(child, nullptr, 0) == child);
    close(ready[0]);
    close(ready[1]);
    const auto state = image.read();
    REQUIRE(state.has_value());
    CHECK(*state == state_of(static_cast<uint8_t>(state->at(0)), 20'000));
  }
}

}  // namespace
}  // namespace nvm::emulator

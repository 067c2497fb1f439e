// SPDX-License-Identifier: MIT
// The stores of a subsystem, in the files beside an image or in memory.
#include "emulator/stores/media.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "emulator/stores/store_test.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kBytes = 1 << 20;
constexpr StoreName kImage = {1, StorePart::Data};
constexpr StoreName kImageMetadata = {1, StorePart::Metadata};
constexpr StoreName kSecond = {2, StorePart::Data};
constexpr StoreName kSecondMetadata = {2, StorePart::Metadata};

using Names = std::vector<StoreName>;

std::unique_ptr<StoreFamily> open(const FileStoreOptions& options) {
  auto family = open_image_family(options);
  if (!family.ok()) FAIL(family.status().failure().detail);
  return std::move(family.value());
}

std::unique_ptr<StoreFamily> open_existing(const std::string& path) {
  FileStoreOptions options;
  options.path = path;
  return open(options);
}

Names list(StoreFamily& family) {
  auto names = family.list();
  REQUIRE(names.ok());
  return names.value();
}

template <class Refused>
Failure refusal(Refused refused) {
  if constexpr (std::is_same_v<Refused, Status>) {
    REQUIRE_FALSE(refused.ok());
    return refused.failure();
  } else {
    REQUIRE_FALSE(refused.ok());
    return refused.status().failure();
  }
}

void fill(Store& store, uint8_t value) {
  memset(store.bytes(), value, store.byte_length());
}
bool holds(Store& store, uint8_t value) {
  for (uint64_t at = 0; at < store.byte_length(); at++) {
    if (store.bytes()[at] != std::byte{value}) return false;
  }
  return true;
}

TEST_CASE("each store of an image is a raw file of its own, and is there again later") {
  TemporaryFolder folder;
  const std::string path = folder.file("disk.img");
  {
    auto family = open(create(path, kBytes));
    CHECK(list(*family) == Names{kImage});
    fill(*family->open(kImage).value(), 1);
    fill(*family->create(kImageMetadata, kBytes / 64).value(), 2);
    fill(*family->create(kSecond, 2 * kBytes).value(), 3);
    fill(*family->create(kSecondMetadata, 4096).value(), 4);
  }
  CHECK(std::filesystem::file_size(path) == kBytes);
  CHECK(std::filesystem::file_size(path + ".meta") == kBytes / 64);
  CHECK(std::filesystem::file_size(path + ".ns2") == 2 * kBytes);
  CHECK(std::filesystem::file_size(path + ".ns2.meta") == 4096);
  auto family = open_existing(path);
  CHECK(list(*family) == Names{kImage, kImageMetadata, kSecond, kSecondMetadata});
  CHECK(holds(*family->open(kImage).value(), 1));
  CHECK(holds(*family->open(kImageMetadata).value(), 2));
  CHECK(holds(*family->open(kSecond).value(), 3));
  CHECK(holds(*family->open(kSecondMetadata).value(), 4));
  // What had the name is gone.
  CHECK(holds(*family->create(kSecond, kBytes).value(), 0));
  CHECK(family->remove(kSecond).ok());
  CHECK(family->remove(kSecond).ok());
  CHECK_FALSE(folder.has("disk.img.ns2"));
  CHECK(list(*family) == Names{kImage, kImageMetadata, kSecondMetadata});
  const Failure missing = refusal(family->open(kSecond));
  CHECK(missing.code == ErrorCode::Image);
  CHECK(missing.detail.find("disk.img.ns2 is missing; put it back") != std::string::npos);
}

TEST_CASE("a new store is at least as large as asked, and never of nothing") {
  TemporaryFolder folder;
  auto family = open(create(folder.file("disk.img"), kBytes));
  CHECK(family->create(kSecondMetadata, 800).value()->byte_length() == 1024);
  for (const uint64_t byte_length : {uint64_t{0}, UINT64_MAX, uint64_t{INT64_MAX}}) {
    CHECK(refusal(family->create(kSecond, byte_length)).code == ErrorCode::Argument);
  }
  CHECK(refusal(family->create(kSecond, INT64_MAX - 511)).os_error != 0);
  CHECK_FALSE(folder.has("disk.img.ns2"));
}

TEST_CASE("files that only look like ours are not listed") {
  TemporaryFolder folder;
  auto family = open(create(folder.file("disk.img"), kBytes));
  for (const char* name :
       {"disk.img.ns1", "disk.img.ns02", "disk.img.ns2.bak", "disk.img.nsx", "disk.img.ns",
        "disk.img.ns4294967295", "disk.img.ns4294967298", "disk.img.ns0", "disk.img.ns-2",
        "disk.img.meta2", "disk.img2.ns2", "old.disk.img.ns2", "disk.img.peernvm"}) {
    std::ofstream(folder.file(name)) << "x";
  }
  CHECK(list(*family) == Names{kImage});
  std::ofstream(folder.file("disk.img.ns4294967294.meta")) << "x";
  std::ofstream(folder.file("disk.img.ns10")) << "x";
  CHECK(list(*family) == Names{kImage, {10, StorePart::Data}, {4294967294, StorePart::Metadata}});
}

TEST_CASE("new files are as readable to others as the image") {
  TemporaryFolder folder;
  const std::string path = folder.file("disk.img");
  auto family = open(create(path, kBytes));
  REQUIRE(chmod(path.c_str(), 0600) == 0);
  CHECK(family->create(kSecond, kBytes).ok());
  struct stat info = {};
  REQUIRE(stat((path + ".ns2").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("namespace 1 can be removed and made anew; its file stays, and so does the lock") {
  TemporaryFolder folder;
  const std::string path = folder.file("disk.img");
  const std::vector<std::byte> state(10, std::byte{7});
  {
    auto family = open(create(path, kBytes));
    fill(*family->open(kImage).value(), 1);
    CHECK(family->remove(kImage).ok());
    CHECK(list(*family).empty());
    CHECK(family->save(state).ok());
    FileStoreOptions options;
    options.path = path;
    const Failure busy = refusal(open_image_family(options));
    CHECK(busy.code == ErrorCode::Busy);
    CHECK(busy.detail.find("process " + std::to_string(getpid())) != std::string::npos);
    CHECK(refusal(open_file_store(options)).code == ErrorCode::Busy);
  }
  auto family = open(create(path, kBytes));  // the size is for an image that is not there yet
  CHECK(list(*family).empty());
  CHECK(family->load().value() == state);
  auto store = family->create(kImage, 2 * kBytes);
  REQUIRE(store.ok());
  CHECK(store.value()->byte_length() == 2 * kBytes);
  CHECK(holds(*store.value(), 0));
  CHECK(list(*family) == Names{kImage});
}

TEST_CASE("a crash while namespace 1 is removed or made leaves an image that can be opened") {
  TemporaryFolder folder;
  const std::string path = folder.file("disk.img");
  const std::vector<std::byte> state(10, std::byte{7});
  const auto length_after_crash = [&] {
    auto family = open_existing(path);
    const auto loaded = family->load();
    REQUIRE(loaded.ok());
    CHECK(loaded.value() == state);
    return std::filesystem::file_size(path);
  };
  CHECK(open(create(path, kBytes))->save(state).ok());
  CHECK(open_existing(path)->remove(kImage).ok());
  CHECK(length_after_crash() == 0);
  CHECK(open_existing(path)->create(kImage, 2 * kBytes).ok());
  CHECK(length_after_crash() == 2 * kBytes);
  {
    const Failing failing(os_calls.rename, EIO);
    CHECK(refusal(open_existing(path)->create(kImage, kBytes)).os_error == EIO);
  }
  CHECK(length_after_crash() == 0);
}

TEST_CASE("an image with a sidecar is not made larger behind its back") {
  TemporaryFolder folder;
  const std::string path = folder.file("disk.img");
  REQUIRE(open(create(path, kBytes))->save({}).ok());
  CHECK(open(create(path, 2 * kBytes))->load().value().has_value());
  CHECK(std::filesystem::file_size(path) == kBytes);
}

TEST_CASE("a family that is read-only changes nothing, and shares with other readers") {
  TemporaryFolder folder;
  const std::string path = folder.file("disk.img");
  {
    auto family = open(create(path, kBytes));
    CHECK(family->create(kSecond, kBytes).ok());
    CHECK(family->save({}).ok());
  }
  FileStoreOptions options;
  options.path = path;
  options.read_only = true;
  auto family = open(options);
  auto other = open(options);
  CHECK(family->read_only());
  for (const StoreName name : {kImage, kSecond}) {
    CHECK(refusal(family->create(name, kBytes)).os_error == EROFS);
    CHECK(refusal(family->remove(name)).os_error == EROFS);
    CHECK(family->open(name).value()->read_only());
  }
  CHECK(refusal(family->save({})).os_error == EROFS);
  CHECK(other->load().value().has_value());
  CHECK(list(*other) == Names{kImage, kSecond});
}

TEST_CASE("through a link, the files are beside the image and not beside the link") {
  TemporaryFolder folder;
  TemporaryFolder elsewhere;
  REQUIRE(open_file_store(create(folder.file("disk.img"), kBytes)).ok());
  REQUIRE(symlink(folder.file("disk.img").c_str(), elsewhere.file("link").c_str()) == 0);
  auto family = open_existing(elsewhere.file("link"));
  CHECK(family->create(kSecond, kBytes).ok());
  CHECK(family->save({}).ok());
  CHECK(folder.has("disk.img.ns2"));
  CHECK(folder.has("disk.img.peernvm"));
}

TEST_CASE(
    "an image by descriptor has the files beside its path, or none when that leads elsewhere") {
  TemporaryFolder folder;
  const std::string path = folder.file("disk.img");
  REQUIRE(open_file_store(create(path, kBytes)).ok());
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  FileStoreOptions options;
  options.fd = fd;
  options.path = path;
  CHECK(open(options)->create(kSecond, kBytes).ok());
  CHECK(list(*open(options)) == Names{kImage, kSecond});
  REQUIRE(unlink(path.c_str()) == 0);
  std::ofstream(path) << "another file";
  for (const std::string& shown : {path, std::string()}) {
    options.path = shown;
    auto family = open(options);
    CHECK(list(*family) == Names{kImage});
    CHECK(family->open(kImage).ok());
    CHECK(refusal(family->create(kSecond, kBytes)).os_error == EOPNOTSUPP);
    CHECK(refusal(family->open(kSecond)).code == ErrorCode::Image);
    CHECK(refusal(family->save({})).os_error == EOPNOTSUPP);
    CHECK_FALSE(family->load().value().has_value());
  }
  close(fd);
}

TEST_CASE("a store that cannot be made durable is not left behind") {
  TemporaryFolder folder;
  auto family = open(create(folder.file("disk.img"), kBytes));
  for (OsCall* call : {&os_calls.fdatasync, &os_calls.fsync}) {
    const Failing failing(*call, ENOSPC);
    CHECK(refusal(family->create(kSecond, kBytes)).os_error == ENOSPC);
    CHECK_FALSE(folder.has("disk.img.ns2"));
  }
}

TEST_CASE("at run time stores come and go, and state is saved, on another thread and in order") {
  TemporaryFolder folder;
  const std::vector<std::byte> state(10, std::byte{7});
  StoreCreation creation;
  Operation saving;
  Operation removal;
  std::atomic<unsigned> hooks{0};
  {
    Media media(open(create(folder.file("disk.img"), kBytes)));
    media.set_completion_hook([&] { hooks++; });
    const Progress created = media.begin_create(creation, kSecond, kBytes);
    CHECK(created == Progress::Pending);
    const Progress saved = media.begin_save(saving, state);
    CHECK(outcome(saving, saved) == Progress::Done);
    CHECK(creation.progress == Progress::Done);  // in order
    CHECK(os_calls.rename.thread.load() != std::this_thread::get_id());
    REQUIRE(creation.store != nullptr);
    fill(*creation.store, 1);
    CHECK(media.family().load().value() == state);
    const Progress removed = media.begin_remove(removal, kSecond, std::move(creation.store));
    CHECK(outcome(removal, removed) == Progress::Done);
    CHECK_FALSE(folder.has("disk.img.ns2"));
    const Failing failing(os_calls.fdatasync, ENOSPC);
    CHECK(outcome(creation, media.begin_create(creation, kSecond, kBytes)) == Progress::Failed);
    CHECK(creation.os_error == ENOSPC);
    CHECK(creation.store == nullptr);
    CHECK(outcome(saving, media.begin_save(saving, {})) == Progress::Failed);
    CHECK(saving.os_error == ENOSPC);
  }
  CHECK(hooks == 5);
}

TEST_CASE("media in memory have the same interface, and for a simulation no thread") {
  for (const MediaCalls calls : {MediaCalls::OnWorker, MediaCalls::AtOnce}) {
    Media media(make_memory_family(), calls);
    CHECK(list(media.family()).empty());
    CHECK(refusal(media.family().open(kSecond)).code == ErrorCode::Argument);
    StoreCreation creation;
    const Progress begun = media.begin_create(creation, kSecond, kBytes);
    CHECK((begun == Progress::Done) == (calls == MediaCalls::AtOnce));
    CHECK(outcome(creation, begun) == Progress::Done);
    CHECK(creation.store->byte_length() == kBytes);
    CHECK(holds(*creation.store, 0));
    CHECK(list(media.family()) == Names{kSecond});
    CHECK(media.family().open(kSecond).value()->byte_length() == kBytes);
    Operation operation;
    CHECK(outcome(operation, media.begin_save(operation, {})) == Progress::Done);
    CHECK_FALSE(media.family().load().value().has_value());
    CHECK(outcome(operation, media.begin_remove(operation, kSecond, std::move(creation.store))) ==
          Progress::Done);
    CHECK(list(media.family()).empty());
    CHECK(outcome(creation, media.begin_create(creation, kSecond, 0)) == Progress::Failed);
    CHECK(creation.os_error != 0);
  }
}

}  // namespace
}  // namespace nvm::emulator

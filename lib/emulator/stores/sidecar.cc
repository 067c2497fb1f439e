// SPDX-License-Identifier: MIT
#include "emulator/stores/sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cstdio>

#include "emulator/archive.h"
#include "platform/os_failure.h"
#include "platform/unique_fd.h"

namespace nvm::emulator {
namespace {

constexpr uint32_t kTag = archive_tag("SIDE");
constexpr uint32_t kVersion = 1;
constexpr char kMarkName[] = "user.peernvm.image";
constexpr size_t kMarkLength = 32;  // hexadecimal, so that people can read and set it

struct Sidecar {
  std::string mark;  // empty: the image's file system has no extended attributes
  uint64_t image_byte_length = 0;
  std::vector<std::byte> state;
};

// The image's mark; "" when it has none, nothing when its file system cannot hold one.
Result<std::optional<std::string>> read_mark(const std::string& image) {
  std::string mark(kMarkLength, '\0');
  const ssize_t length = getxattr(image.c_str(), kMarkName, mark.data(), mark.size());
  if (length == static_cast<ssize_t>(kMarkLength)) return std::optional(mark);
  if (length >= 0 || errno == ERANGE) return std::optional<std::string>("of another length");
  if (errno == ENODATA) return std::optional<std::string>("");
  if (errno == EOPNOTSUPP) return std::optional<std::string>();
  return os_failure("getxattr " + image, errno);
}

// Gives `image` a mark unless it has one. The mark is durable before a sidecar repeats it.
Result<std::string> ensure_mark(const std::string& image) {
  auto found = read_mark(image);
  if (!found.ok()) return std::move(found.status());
  if (!found.value()) return std::string();
  if (!found.value()->empty()) return *found.value();
  uint64_t random[2];
  if (getrandom(random, sizeof(random), 0) != sizeof(random)) return os_failure("getrandom", errno);
  char mark[kMarkLength + 1];
  snprintf(mark, sizeof(mark), "%016lx%016lx", random[0], random[1]);
  if (setxattr(image.c_str(), kMarkName, mark, kMarkLength, XATTR_CREATE) != 0) {
    if (errno == EOPNOTSUPP || errno == EPERM) return std::string();
    return os_failure("setxattr " + image, errno);
  }
  const UniqueFd fd(open(image.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() || fsync(fd.get()) != 0) return os_failure("fsync " + image, errno);
  return std::string(mark);
}

Result<std::vector<std::byte>> read_all(int fd, const std::string& path) {
  struct stat info = {};
  if (fstat(fd, &info) != 0) return os_failure("fstat " + path, errno);
  if (!S_ISREG(info.st_mode)) return Status(ErrorCode::State, path + " is not a regular file");
  if (static_cast<uint64_t>(info.st_size) > kSidecarBytesMax) {
    return Status(ErrorCode::State, path + " is larger than any that peernvm writes");
  }
  std::vector<std::byte> bytes(static_cast<size_t>(info.st_size));
  size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count = read(fd, bytes.data() + filled, bytes.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return os_failure("read " + path, errno);
    if (count == 0) break;  // shorter than a moment ago: found torn later
    filled += static_cast<size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

Status write_all(int fd, std::span<const std::byte> bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return os_failure("write " + path, count < 0 ? errno : EIO);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  if (fdatasync(fd) != 0) return os_failure("fdatasync " + path, errno);
  return {};
}

template <class Archive>
void archive_sidecar(Archive& archive, auto& sidecar) {
  archive.section(kTag, kVersion, [&](uint32_t) {
    archive.string(sidecar.mark);
    archive.u64(sidecar.image_byte_length);
    archive.blob(sidecar.state);
  });
}

Result<Sidecar> decode(std::span<const std::byte> bytes) {
  auto reader = ArchiveReader::open(bytes);
  if (!reader.ok()) return std::move(reader.status());
  Sidecar sidecar;
  archive_sidecar(reader.value(), sidecar);
  NVM_TRY(reader.value().finish());
  return sidecar;
}

// Whether the sidecar belongs to the image as it is now.
Status check_image(const Sidecar& sidecar, const std::string& image, uint64_t image_byte_length) {
  const std::string path = sidecar_path(image);
  auto mark = read_mark(image);
  if (!mark.ok()) return std::move(mark.status());
  if (mark.value() && !sidecar.mark.empty() && *mark.value() != sidecar.mark) {
    return Status(ErrorCode::State,
                  path + " belongs to another image than " + image +
                      "; put its own beside it or delete this one, or, if the image is a copy "
                      "that belongs to it: setfattr -n " +
                      kMarkName + " -v " + sidecar.mark + " " + image);
  }
  // An empty image has nothing that could be taken for something else: namespace 1 was removed.
  if (image_byte_length != 0 && sidecar.image_byte_length != image_byte_length) {
    const std::string length = std::to_string(sidecar.image_byte_length);
    return Status(ErrorCode::State,
                  path + " was written when " + image + " had " + length +
                      " bytes, and now it has " + std::to_string(image_byte_length) +
                      "; give it its length back (truncate -s " + length + "), or delete " + path);
  }
  return {};
}

// Beside `path`, so that a rename puts it there.
Status write_new(const std::string& temporary, const std::string& image,
                 std::span<const std::byte> bytes) {
  struct stat info = {};
  if (stat(image.c_str(), &info) != 0) return os_failure("stat " + image, errno);
  if (unlink(temporary.c_str()) != 0 && errno != ENOENT) {
    return os_failure("unlink " + temporary, errno);  // a crash left it
  }
  const UniqueFd fd(
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, info.st_mode & 0666));
  if (!fd.valid()) return os_failure("open " + temporary, errno);
  return write_all(fd.get(), bytes, temporary);
}

}  // namespace

std::string sidecar_path(const std::string& image) {
  return image + ".peernvm";
}

Status sync_folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const UniqueFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return os_failure("open " + folder, errno);
  // EINVAL: a file system on which folders need none.
  if (fsync(fd.get()) != 0 && errno != EINVAL) return os_failure("fsync " + folder, errno);
  return {};
}

Result<std::optional<std::vector<std::byte>>> read_sidecar(const std::string& image,
                                                           uint64_t image_byte_length) {
  const std::string path = sidecar_path(image);
  const UniqueFd fd(
      open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a FIFO cannot stop us
  if (!fd.valid() && errno == ENOENT) return std::optional<std::vector<std::byte>>();
  if (!fd.valid()) return os_failure("open " + path, errno);
  auto bytes = read_all(fd.get(), path);
  if (!bytes.ok()) return std::move(bytes.status());
  auto sidecar = decode(bytes.value());
  if (!sidecar.ok()) {
    return Status(ErrorCode::State, path + ": " + sidecar.status().failure().detail +
                                        "; take the one of a backup, or delete it to open " +
                                        image + " as a plain image");
  }
  NVM_TRY(check_image(sidecar.value(), image, image_byte_length));
  return std::optional(std::move(sidecar.value().state));
}

Status write_sidecar(const std::string& image, uint64_t image_byte_length,
                     std::span<const std::byte> state) {
  auto mark = ensure_mark(image);
  if (!mark.ok()) return std::move(mark.status());
  const struct {
    std::string_view mark;
    uint64_t image_byte_length;
    std::span<const std::byte> state;
  } sidecar = {mark.value(), image_byte_length, state};
  ArchiveWriter writer;
  archive_sidecar(writer, sidecar);
  const std::vector<std::byte> bytes = writer.finish();
  if (bytes.size() > kSidecarBytesMax) {
    return Status(ErrorCode::State,
                  "it has " + std::to_string(bytes.size()) + " bytes, more than a sidecar may have",
                  EFBIG);
  }
  const std::string path = sidecar_path(image);
  const std::string temporary = path + ".new";
  Status written = write_new(temporary, image, bytes);
  if (written.ok() && rename(temporary.c_str(), path.c_str()) != 0) {
    written = os_failure("rename " + temporary, errno);
  }
  if (!written.ok()) {
    (void)unlink(temporary.c_str());
    return written;
  }
  return sync_folder_of(path);
}

}  // namespace nvm::emulator

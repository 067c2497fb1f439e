// SPDX-License-Identifier: MIT
#include "emulator/stores/file_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "emulator/stores/image_lock.h"
#include "emulator/stores/operation_worker.h"
#include "platform/os_failure.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kSectorBytes = 512;

constexpr std::byte kZeroes[64 << 10] = {};

// For file systems without holes. Page cache and mapping are one, so the mapping sees it.
int write_zeroes(int fd, uint64_t offset, uint64_t byte_length) {
  while (byte_length > 0) {
    const ssize_t written = pwrite(fd, kZeroes, std::min<uint64_t>(byte_length, sizeof(kZeroes)),
                                   static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : EIO;
    offset += static_cast<uint64_t>(written);
    byte_length -= static_cast<uint64_t>(written);
  }
  return 0;
}

int punch_hole(int fd, uint64_t offset, uint64_t byte_length) {
  while (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                   static_cast<off_t>(byte_length)) != 0) {
    if (errno == EOPNOTSUPP || errno == ENOSYS) return write_zeroes(fd, offset, byte_length);
    if (errno != EINTR) return errno;
  }
  return 0;
}

class FileStore final : public Store {
 public:
  FileStore(UniqueFd fd, std::byte* bytes, uint64_t byte_length, bool read_only)
      : fd_(std::move(fd)), bytes_(bytes), byte_length_(byte_length), read_only_(read_only) {}
  ~FileStore() override {
    worker_.finish();
    munmap(bytes_, byte_length_);
  }

  uint64_t byte_length() const override { return byte_length_; }
  bool read_only() const override { return read_only_; }
  std::byte* bytes() override { return bytes_; }
  bool may_fault() const override { return true; }
  void set_completion_hook(std::function<void()> hook) override {
    worker_.set_completion_hook(std::move(hook));
  }

  // Pages written through the mapping are dirty pages of the file, so fdatasync covers them.
  Progress begin_flush(Operation& operation) override {
    if (read_only_) return Progress::Done;
    return worker_.begin(operation, [this] { return sync(); });
  }

  Progress begin_deallocate(Operation& operation, uint64_t offset, uint64_t byte_length) override {
    if (read_only_) {
      operation.os_error = EROFS;
      return Progress::Failed;
    }
    if (byte_length == 0) return Progress::Done;  // which fallocate refuses
    return worker_.begin(operation, [this, offset, byte_length] {
      return punch_hole(fd_.get(), offset, byte_length);
    });
  }

 private:
  // Pages that fdatasync failed to write count as clean from then on: it would succeed the next
  // time although they are lost. So the first failure stays until the image is opened again.
  int sync() {
    while (sync_error_ == 0 && fdatasync(fd_.get()) != 0) {
      if (errno != EINTR) sync_error_ = errno;
    }
    return sync_error_;
  }

  UniqueFd fd_;
  std::byte* bytes_;
  uint64_t byte_length_;
  bool read_only_;
  int sync_error_ = 0;  // the worker's
  OperationWorker worker_;
};

std::string bytes_text(uint64_t byte_length) {
  return std::to_string(byte_length) + " bytes";
}

// The descriptor to work with; sets `read_only` when it was opened for reading only.
Result<UniqueFd> open_image(const FileStoreOptions& options, bool& read_only) {
  if (options.fd >= 0) {
    UniqueFd fd(fcntl(options.fd, F_DUPFD_CLOEXEC, 0));
    if (!fd.valid()) return os_failure("dup of the image's descriptor", errno);
    const int flags = fcntl(fd.get(), F_GETFL);
    if (flags < 0) return os_failure("fcntl F_GETFL", errno);
    if ((flags & O_ACCMODE) == O_RDONLY) read_only = true;
    return fd;
  }
  int flags = O_CLOEXEC | (read_only ? O_RDONLY : O_RDWR);
  if (options.create && !read_only) flags |= O_CREAT;
  UniqueFd fd(open(options.path.c_str(), flags, 0644));
  if (fd.valid()) return fd;
  if (errno == ENOENT) {
    const char* missing = (flags & O_CREAT) != 0 ? " cannot be made, as its folder does not exist"
                                                 : " does not exist; ask to create it with a size";
    return Status(ErrorCode::Image, options.path + missing, ENOENT);
  }
  if (errno == EISDIR) return Status(ErrorCode::Image, options.path + " is a directory", EISDIR);
  if (errno == ENXIO)
    return Status(ErrorCode::Image, options.path + " is not a regular file", ENXIO);
  return os_failure("open " + options.path, errno);
}

std::string name_of(const FileStoreOptions& options) {
  return options.path.empty() ? "the image" : options.path;
}

}  // namespace

Result<uint64_t> settle_length(const LockedImage& image, const FileStoreOptions& options) {
  const int fd = image.fd.get();
  const std::string name = name_of(options);
  struct stat info = {};
  if (fstat(fd, &info) != 0) return os_failure("fstat " + name, errno);
  if (!S_ISREG(info.st_mode)) return Status(ErrorCode::Image, name + " is not a regular file");
  const uint64_t file_length = static_cast<uint64_t>(info.st_size);
  const uint64_t wanted = options.byte_length != 0 ? options.byte_length : file_length;
  if (wanted == 0) {
    return Status(ErrorCode::Image, name + " is empty; give a size and ask to create it");
  }
  if (wanted % kSectorBytes != 0) {
    return Status(ErrorCode::Image, name + ": " + bytes_text(wanted) +
                                        " is not a multiple of 512; round the size up");
  }
  if (wanted < file_length) {
    return Status(ErrorCode::Image, name + " has " + bytes_text(file_length) + ", more than the " +
                                        bytes_text(wanted) + " asked for; leave out the size");
  }
  if (wanted > file_length) {
    if (!options.create || image.read_only) {
      return Status(ErrorCode::Image, name + " has " + bytes_text(file_length) +
                                          ", fewer than the " + bytes_text(wanted) +
                                          " asked for; ask to create it, or leave out the size");
    }
    if (ftruncate(fd, static_cast<off_t>(wanted)) != 0) {
      return os_failure("ftruncate " + name + " to " + bytes_text(wanted), errno);
    }
  }
  return wanted;
}

Result<LockedImage> open_locked_image(const FileStoreOptions& options) {
  bool read_only = options.read_only;
  auto opened = open_image(options, read_only);
  if (!opened.ok()) return std::move(opened.status());
  LockedImage image{std::move(opened.value()), read_only};
  NVM_TRY(lock_image(image.fd.get(), name_of(options), read_only));
  return image;
}

Result<std::unique_ptr<Store>> open_file_store(const FileStoreOptions& options) {
  auto opened = open_locked_image(options);
  if (!opened.ok()) return std::move(opened.status());
  LockedImage image = std::move(opened.value());
  auto length = settle_length(image, options);
  if (!length.ok()) return std::move(length.status());
  const int protection = image.read_only ? PROT_READ : PROT_READ | PROT_WRITE;
  void* bytes = mmap(nullptr, length.value(), protection, MAP_SHARED, image.fd.get(), 0);
  if (bytes == MAP_FAILED) return os_failure("mmap " + name_of(options), errno);
  return std::unique_ptr<Store>(std::make_unique<FileStore>(
      std::move(image.fd), static_cast<std::byte*>(bytes), length.value(), image.read_only));
}

}  // namespace nvm::emulator

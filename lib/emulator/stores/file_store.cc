// SPDX-License-Identifier: MIT
#include "emulator/stores/file_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "emulator/stores/image_lock.h"
#include "platform/os_failure.h"
#include "platform/unique_fd.h"
#include "platform/worker.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kSectorBytes = 512;

class FileStore final : public Store {
 public:
  FileStore(UniqueFd fd, std::byte* bytes, uint64_t byte_length, bool read_only)
      : fd_(std::move(fd)), bytes_(bytes), byte_length_(byte_length), read_only_(read_only) {
    if (!read_only) worker_.emplace();
  }
  ~FileStore() override {
    worker_.reset();  // its jobs use the fd and the hook
    munmap(bytes_, byte_length_);
  }

  uint64_t byte_length() const override { return byte_length_; }
  bool read_only() const override { return read_only_; }
  std::byte* bytes() override { return bytes_; }
  bool may_fault() const override { return true; }
  void set_completion_hook(std::function<void()> hook) override { hook_ = std::move(hook); }

  // Pages written through the mapping are dirty pages of the file, so fdatasync covers them.
  Progress begin_flush(StoreOperation& operation) override {
    if (read_only_) return Progress::Done;
    operation.progress.store(Progress::Pending, std::memory_order_relaxed);
    worker_->post([this, &operation] {
      const bool failed = fdatasync(fd_.get()) != 0;
      operation.os_error = failed ? errno : 0;
      // After this store the operation may be gone.
      operation.progress.store(failed ? Progress::Failed : Progress::Done,
                               std::memory_order_release);
      if (hook_) hook_();
    });
    return Progress::Pending;
  }

 private:
  UniqueFd fd_;
  std::byte* bytes_;
  uint64_t byte_length_;
  bool read_only_;
  std::function<void()> hook_;
  std::optional<Worker> worker_;
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
    return Status(ErrorCode::Image, options.path + " does not exist; ask to create it with a size",
                  ENOENT);
  }
  if (errno == EISDIR) return Status(ErrorCode::Image, options.path + " is a directory", EISDIR);
  return os_failure("open " + options.path, errno);
}

// The length to map, after the file was made that large if that was asked for.
Result<uint64_t> settle_length(int fd, const FileStoreOptions& options, bool read_only,
                               const std::string& name) {
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
    if (!options.create || read_only) {
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

}  // namespace

Result<std::unique_ptr<Store>> open_file_store(const FileStoreOptions& options) {
  bool read_only = options.read_only;
  auto opened = open_image(options, read_only);
  if (!opened.ok()) return std::move(opened.status());
  UniqueFd fd = std::move(opened.value());
  const std::string name = options.path.empty() ? "the image" : options.path;
  NVM_TRY(lock_image(fd.get(), name, read_only));
  auto length = settle_length(fd.get(), options, read_only, name);
  if (!length.ok()) return std::move(length.status());
  void* bytes = mmap(nullptr, length.value(), read_only ? PROT_READ : PROT_READ | PROT_WRITE,
                     MAP_SHARED, fd.get(), 0);
  if (bytes == MAP_FAILED) return os_failure("mmap " + name, errno);
  return std::unique_ptr<Store>(std::make_unique<FileStore>(
      std::move(fd), static_cast<std::byte*>(bytes), length.value(), read_only));
}

}  // namespace nvm::emulator

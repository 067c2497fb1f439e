// SPDX-License-Identifier: MIT
// The files beside an image. The image's descriptor holds the lock for all of them, for as long as
// the family lives.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "emulator/stores/media.h"
#include "emulator/stores/sidecar.h"
#include "platform/os_failure.h"

namespace nvm::emulator {
namespace {

constexpr uint32_t kImageNamespaceId = 1;
constexpr uint32_t kNamespaceIdMax = 0xfffffffe;
constexpr uint64_t kFileGranule = 512;  // images are whole sectors; metadata alone need not be
constexpr std::string_view kNamespaceSuffix = ".ns";
constexpr std::string_view kMetadataSuffix = ".meta";

bool is_image(StoreName name) {
  return name.namespace_id == kImageNamespaceId && name.part == StorePart::Data;
}

std::string suffix_of(StoreName name) {
  std::string suffix;
  if (name.namespace_id != kImageNamespaceId) {
    suffix.append(kNamespaceSuffix).append(std::to_string(name.namespace_id));
  }
  if (name.part == StorePart::Metadata) suffix += kMetadataSuffix;
  return suffix;
}

// What suffix_of() gave; nothing for the suffix of some other file.
std::optional<StoreName> parse_suffix(std::string_view suffix) {
  StoreName name = {kImageNamespaceId, StorePart::Data};
  std::string_view rest = suffix;
  if (rest.starts_with(kNamespaceSuffix)) {
    const char* first = rest.data() + kNamespaceSuffix.size();
    const auto [end, error] = std::from_chars(first, rest.data() + rest.size(), name.namespace_id);
    if (error != std::errc()) return {};
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
  }
  if (rest == kMetadataSuffix) name.part = StorePart::Metadata;
  // Only one spelling of each: no leading zeroes, no ".ns1".
  if (is_image(name) || name.namespace_id == 0 || name.namespace_id > kNamespaceIdMax) return {};
  return suffix_of(name) == suffix ? std::optional(name) : std::nullopt;
}

// The path without links that leads to the open file; "" when none does.
std::string path_to(int fd, const std::string& path) {
  char* resolved = realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return {};
  std::string result = resolved;
  free(resolved);
  struct stat open_file = {};
  struct stat named = {};
  const bool same = fstat(fd, &open_file) == 0 && stat(result.c_str(), &named) == 0 &&
                    open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
  return same ? result : std::string();
}

class ImageFamily final : public StoreFamily {
 public:
  ImageFamily(LockedImage image, std::string path, std::string shown)
      : image_(std::move(image)), path_(std::move(path)), shown_(std::move(shown)) {}

  bool read_only() const override { return image_.read_only; }
  Result<std::vector<StoreName>> list() override;
  Result<std::unique_ptr<Store>> open(StoreName name) override;
  Result<std::unique_ptr<Store>> create(StoreName name, uint64_t byte_length) override;
  Status remove(StoreName name) override;
  Result<std::optional<std::vector<std::byte>>> load() override;
  Status save(std::span<const std::byte> state) override;

 private:
  std::string path_of(StoreName name) const { return path_ + suffix_of(name); }
  // Whether files can be changed; beside the image, or the image itself.
  Status check_writable(bool beside) const;
  Result<uint64_t> image_byte_length() const;
  Status resize_image(uint64_t byte_length) const;
  Status announce_length(uint64_t byte_length);
  Result<std::unique_ptr<Store>> create_file(const std::string& path, uint64_t byte_length) const;

  LockedImage image_;
  std::string path_;   // empty: files beside it cannot be found
  std::string shown_;  // as the user wrote it, for messages
};

Status ImageFamily::check_writable(bool beside) const {
  if (image_.read_only) {
    return Status(ErrorCode::Permission, shown_ + " is open for reading only", EROFS);
  }
  if (beside && path_.empty()) {
    return Status(ErrorCode::Image,
                  shown_ + " has no path beside which files can be; open it by one", EOPNOTSUPP);
  }
  return {};
}

Result<uint64_t> ImageFamily::image_byte_length() const {
  struct stat info = {};
  if (fstat(image_.fd.get(), &info) != 0) return os_failure("fstat " + shown_, errno);
  return static_cast<uint64_t>(info.st_size);
}

Result<std::vector<StoreName>> ImageFamily::list() {
  std::vector<StoreName> names;
  auto byte_length = image_byte_length();
  if (!byte_length.ok()) return std::move(byte_length.status());
  if (byte_length.value() > 0) names.push_back({kImageNamespaceId, StorePart::Data});
  if (path_.empty()) return names;
  const size_t slash = path_.rfind('/');
  const std::string_view image = std::string_view(path_).substr(slash + 1);
  const std::string folder = path_.substr(0, slash + 1);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir(folder.c_str()), closedir);
  if (entries == nullptr) return os_failure("opendir " + folder, errno);
  while (const dirent* entry = readdir(entries.get())) {
    std::string_view file = entry->d_name;
    if (!file.starts_with(image)) continue;
    if (const auto name = parse_suffix(file.substr(image.size()))) names.push_back(*name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::unique_ptr<Store>> ImageFamily::open(StoreName name) {
  FileStoreOptions options;
  options.read_only = image_.read_only;
  options.path = shown_;
  if (is_image(name)) {
    options.fd = image_.fd.get();
    return open_file_store(options);
  }
  options.path = path_of(name);
  if (path_.empty() || (access(options.path.c_str(), F_OK) != 0 && errno == ENOENT)) {
    return Status(ErrorCode::Image,
                  shown_ + suffix_of(name) + " is missing; put it back beside " + shown_ +
                      ", or delete " + sidecar_path(shown_) + " to open a plain image",
                  ENOENT);
  }
  return open_file_store(options);
}

Result<std::unique_ptr<Store>> ImageFamily::create(StoreName name, uint64_t byte_length) {
  NVM_TRY(check_writable(!is_image(name)));
  if (byte_length == 0 || byte_length > INT64_MAX - kFileGranule) {
    return Status(ErrorCode::Argument, "a store of " + std::to_string(byte_length) + " bytes",
                  EINVAL);
  }
  const uint64_t length = (byte_length + kFileGranule - 1) / kFileGranule * kFileGranule;
  if (!is_image(name)) return create_file(path_of(name), length);
  NVM_TRY(resize_image(0));  // what was there is gone
  NVM_TRY(announce_length(length));
  NVM_TRY(resize_image(length));
  return open(name);
}

// In the sidecar, if there is one: a crash between here and the next save() must not leave an image
// with a length that the sidecar does not know.
Status ImageFamily::announce_length(uint64_t byte_length) {
  auto state = load();
  if (!state.ok()) return std::move(state.status());
  return state.value() ? write_sidecar(path_, byte_length, *state.value()) : Status();
}

Status ImageFamily::resize_image(uint64_t byte_length) const {
  const int fd = image_.fd.get();
  if (ftruncate(fd, static_cast<off_t>(byte_length)) != 0) {
    return os_failure("ftruncate " + shown_, errno);
  }
  return fdatasync(fd) == 0 ? Status() : os_failure("fdatasync " + shown_, errno);
}

// As readable to others as the image is.
Result<std::unique_ptr<Store>> ImageFamily::create_file(const std::string& path,
                                                        uint64_t byte_length) const {
  struct stat info = {};
  if (fstat(image_.fd.get(), &info) != 0) return os_failure("fstat " + shown_, errno);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return os_failure("unlink " + path, errno);
  const UniqueFd fd(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, info.st_mode & 0666));
  if (!fd.valid()) return os_failure("open " + path, errno);
  Status made;
  if (ftruncate(fd.get(), static_cast<off_t>(byte_length)) != 0) {
    made = os_failure("ftruncate " + path, errno);
  } else if (fdatasync(fd.get()) != 0) {
    made = os_failure("fdatasync " + path, errno);
  } else {
    made = sync_folder_of(path);
  }
  FileStoreOptions options;
  options.path = path;
  options.fd = fd.get();
  Result<std::unique_ptr<Store>> store =
      made.ok() ? open_file_store(options) : Result<std::unique_ptr<Store>>(std::move(made));
  if (!store.ok()) (void)unlink(path.c_str());
  return store;
}

Status ImageFamily::remove(StoreName name) {
  NVM_TRY(check_writable(!is_image(name)));
  if (is_image(name)) return resize_image(0);
  const std::string path = path_of(name);
  if (unlink(path.c_str()) == 0) return sync_folder_of(path);
  return errno == ENOENT ? Status() : Status(os_failure("unlink " + path, errno));
}

Result<std::optional<std::vector<std::byte>>> ImageFamily::load() {
  if (path_.empty()) return std::optional<std::vector<std::byte>>();
  auto byte_length = image_byte_length();
  if (!byte_length.ok()) return std::move(byte_length.status());
  return read_sidecar(path_, byte_length.value());
}

Status ImageFamily::save(std::span<const std::byte> state) {
  NVM_TRY(check_writable(true));
  auto byte_length = image_byte_length();
  if (!byte_length.ok()) return std::move(byte_length.status());
  return write_sidecar(path_, byte_length.value(), state);
}

}  // namespace

Result<std::unique_ptr<StoreFamily>> open_image_family(const FileStoreOptions& options) {
  auto opened = open_locked_image(options);
  if (!opened.ok()) return std::move(opened.status());
  LockedImage image = std::move(opened.value());
  std::string path = path_to(image.fd.get(), options.path);
  const std::string shown = options.path.empty() ? "the image" : options.path;
  struct stat info = {};
  if (fstat(image.fd.get(), &info) != 0) return os_failure("fstat " + shown, errno);
  FileStoreOptions wanted = options;
  const bool has_sidecar = !path.empty() && access(sidecar_path(path).c_str(), F_OK) == 0;
  if (has_sidecar) wanted.byte_length = 0;  // it says what there is
  // An empty image with a sidecar: namespace 1 was deleted.
  if (!has_sidecar || info.st_size > 0) {
    auto length = settle_length(image, wanted);
    if (!length.ok()) return std::move(length.status());
  }
  return std::unique_ptr<StoreFamily>(
      std::make_unique<ImageFamily>(std::move(image), std::move(path), shown));
}

}  // namespace nvm::emulator

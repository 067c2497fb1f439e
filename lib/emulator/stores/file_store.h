// SPDX-License-Identifier: MIT
// A store in a raw image file, mapped. One process at a time: the image is locked (flock), shared
// only among readers.
#pragma once

#include <memory>
#include <string>

#include "emulator/store.h"
#include "platform/unique_fd.h"

namespace nvm::emulator {

struct FileStoreOptions {
  std::string path;          // what to open; with `fd` only for messages
  int fd = -1;               // an open file instead of a path; it is duplicated
  uint64_t byte_length = 0;  // 0: the file's size
  bool create = false;       // make the file, or make it as large as byte_length, sparsely
  bool read_only = false;    // an `fd` opened for reading only is read-only by itself
};

struct LockedImage {
  UniqueFd fd;
  bool read_only;
};

// What open_file_store() does before it maps the image: opens and locks it; makes it as large as
// asked, or refuses its length. For who needs the file and not a store.
Result<LockedImage> open_locked_image(const FileStoreOptions& options);
Result<uint64_t> settle_length(const LockedImage& image, const FileStoreOptions& options);

// ERR_IMAGE says what is wrong with the file and what to do; ERR_BUSY names the process that has it
// and the way to share; ERR_PERMISSION and ERR_OS come from the operating system.
Result<std::unique_ptr<Store>> open_file_store(const FileStoreOptions& options);

}  // namespace nvm::emulator

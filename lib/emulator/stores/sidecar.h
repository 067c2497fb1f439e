// SPDX-License-Identifier: MIT
// What a raw image cannot hold (namespaces, formats, features, counters) is in a file beside it:
// disk.img.peernvm. It holds one block of bytes that this file does not look into.
//
// So that it is never taken for another image's, the image carries a mark (an extended attribute),
// which the sidecar repeats. `cp -a` and `mv` keep the mark; on file systems without extended
// attributes there is none, and only the length is compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "platform/status.h"

namespace nvm::emulator {

constexpr uint64_t kSidecarBytesMax = 256ull << 20;

std::string sidecar_path(const std::string& image);

// Both may block: not for a thread that steps queues. `image` is a path.

// Nothing when there is no sidecar. ERR_STATE when it is torn, another image's, of an image with
// another length than `image_byte_length` (but one may have been emptied since), or from a newer
// version, with what to do about it.
Result<std::optional<std::vector<std::byte>>> read_sidecar(const std::string& image,
                                                           uint64_t image_byte_length);

// Replaces the sidecar as a whole: whatever happens, a reader finds the old one or the new one.
// Durable when it returns.
Status write_sidecar(const std::string& image, uint64_t image_byte_length,
                     std::span<const std::byte> state);

// Makes names that were made or removed in the folder of `path` durable.
Status sync_folder_of(const std::string& path);

}  // namespace nvm::emulator

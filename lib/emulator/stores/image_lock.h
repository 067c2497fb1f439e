// SPDX-License-Identifier: MIT
// One process at a time on an image file.
#pragma once

#include <sys/types.h>

#include <string>

#include "platform/status.h"

namespace nvm::emulator {

// Locks the open file until its last descriptor is closed: alone, or together with other readers
// when `shared`. ERR_BUSY with the holder's pid and the way to share.
Status lock_image(int fd, const std::string& path, bool shared);

// The process that holds a flock on (device, inode) according to `locks`, a text in the form of
// /proc/locks; 0 when it names none, as for a holder in another pid namespace.
pid_t find_lock_holder(const std::string& locks, dev_t device, ino_t inode);

}  // namespace nvm::emulator

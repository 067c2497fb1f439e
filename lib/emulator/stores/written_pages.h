// SPDX-License-Identifier: MIT
// Which pages of anonymous memory were ever written: finding what is not zero in a large store
// takes as long as its data then, and not as its size.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

namespace nvm::emulator {

// False where the kernel does not tell (before Linux 6.7, or without /proc).
bool knows_written_pages();

// Visits in order the parts of `bytes`, memory of a private anonymous mapping, that may hold
// anything but zeroes, until `visit` returns false: all of it where the kernel does not tell.
void for_each_written(std::span<const std::byte> bytes,
                      const std::function<bool(std::span<const std::byte>)>& visit);

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// Letting others have the CPU, for threads that look for something again and again.
#pragma once

namespace nvm {

// Yields. Where that has lately shown that others want this CPU, sleeps some 50 µs instead, which
// is true: a scheduler may charge a thread that yields with all of its slice, milliseconds, so that
// those who yield the most get the least, and one that everybody waits for comes last.
bool give_way();

}  // namespace nvm

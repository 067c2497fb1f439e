// SPDX-License-Identifier: MIT
// Letting other threads have the CPU, for those that look for something again and again.
#pragma once

namespace nvm {

// Yields; whether that was somebody else's turn.
bool yield_turn();

// Yields. For a while after that was somebody else's turn it sleeps some 50 µs instead: a scheduler
// may charge a thread that yields with all of its slice, milliseconds, so that who waits the most
// gets the least. True when it slept.
bool give_way();

}  // namespace nvm

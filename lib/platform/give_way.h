// SPDX-License-Identifier: MIT
// Letting other threads have the CPU, for those that look for something again and again.
#pragma once

namespace nvm {

// Yields; whether that was somebody else's turn.
bool yield_turn();

// Yields. For a while after somebody else had the CPU it sleeps some 50 µs instead: a scheduler may
// charge a thread that yields with all of its slice, milliseconds, so that who waits the most gets
// the least; or may ignore yields for the benefit of another session or container. `goes_on`: since
// the last call the caller has only looked, but for what it said by count_as_work(), so that a long
// time in between was another's, too. True when it slept.
bool give_way(bool goes_on);

// What this thread has done since its last give_way() may have taken long.
void count_as_work();

}  // namespace nvm

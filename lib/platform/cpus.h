// SPDX-License-Identifier: MIT
#pragma once

namespace nvm {

// CPUs this process may run on (its affinity mask), at least 1.
unsigned usable_cpu_count();

// Moves the calling thread to another of its CPUs, from where it may be moved on as before: among
// those that it has in this moment. Does nothing where there is none, or where the system refuses.
void move_to_another_cpu();

}  // namespace nvm

// SPDX-License-Identifier: MIT
#pragma once

namespace nvm {

// CPUs this process may run on (its affinity mask), at least 1.
unsigned usable_cpu_count();

}  // namespace nvm

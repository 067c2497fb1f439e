// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace nvm {

// "the limit of locked memory (RLIMIT_MEMLOCK) is 8388608 bytes", for messages.
std::string describe_memlock_limit();

}  // namespace nvm

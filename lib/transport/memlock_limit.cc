// SPDX-License-Identifier: MIT
#include "transport/memlock_limit.h"

#include <sys/resource.h>

namespace nvm {

std::string describe_memlock_limit() {
  rlimit limit;
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return "the limit of locked memory is not known";
  const std::string value =
      limit.rlim_cur == RLIM_INFINITY ? "unlimited" : std::to_string(limit.rlim_cur) + " bytes";
  return "the limit of locked memory (RLIMIT_MEMLOCK) is " + value;
}

}  // namespace nvm

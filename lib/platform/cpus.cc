// SPDX-License-Identifier: MIT
#include "platform/cpus.h"

#include <errno.h>
#include <sched.h>

#include <algorithm>

namespace nvm {

unsigned usable_cpu_count() {
  // The kernel refuses with EINVAL while the mask is smaller than its own.
  constexpr int kCpusMax = 1 << 16;
  for (int cpus = CPU_SETSIZE; cpus <= kCpusMax; cpus *= 2) {
    cpu_set_t* mask = CPU_ALLOC(cpus);
    if (mask == nullptr) return 1;
    const size_t mask_bytes = CPU_ALLOC_SIZE(cpus);
    const int refused = sched_getaffinity(0, mask_bytes, mask) == 0 ? 0 : errno;
    const int count = refused ? 0 : CPU_COUNT_S(mask_bytes, mask);
    CPU_FREE(mask);
    if (refused != EINVAL) return static_cast<unsigned>(std::max(count, 1));
  }
  return 1;
}

void move_to_another_cpu() {
  cpu_set_t usable, one;
  if (sched_getaffinity(0, sizeof usable, &usable) != 0) return;
  const int here = sched_getcpu();
  if (here < 0 || here >= CPU_SETSIZE) return;
  int there = here;
  do {
    there = (there + 1) % CPU_SETSIZE;
  } while (there != here && !CPU_ISSET(there, &usable));
  if (there == here) return;
  CPU_ZERO(&one);
  CPU_SET(there, &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0) return;
  sched_setaffinity(0, sizeof usable, &usable);
}

}  // namespace nvm

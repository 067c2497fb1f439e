// SPDX-License-Identifier: MIT
#include "slot.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>

#include "platform/unique_fd.h"

namespace nvm::stress {

Slot& map_slot(const char* path, unsigned index) {
  const UniqueFd file(open(path, O_RDWR | O_CLOEXEC));
  void* bytes = mmap(nullptr, sizeof(Slot), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(),
                     static_cast<off_t>(index) * static_cast<off_t>(sizeof(Slot)));
  if (bytes == MAP_FAILED) {
    std::perror(path);
    std::exit(1);
  }
  return *static_cast<Slot*>(bytes);
}

}  // namespace nvm::stress

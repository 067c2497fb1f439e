// SPDX-License-Identifier: MIT
// Writes a greeting to a controller in memory and reads it back: the C headers from C++, where what
// is opened closes itself, the last first.
#include <cstdio>

#include "owned.h"

namespace {

void greet() {
  const auto ctrl = make<nvm_ctrl_t>(nvm_ctrl_open, "");  // or "disk.img", or "0000:05:00.0"
  const auto memory = make<nvm_dma_t>(nvm_dma_create, ctrl.get(), 2 * ctrl->page_size);
  const auto window = make<nvm_dma_t>(nvm_dma_create, ctrl.get(), 2 * ctrl->page_size);
  const auto block = make<nvm_dma_t>(nvm_dma_create, ctrl.get(), ctrl->page_size);
  const auto aq = make<nvm_admin_reference>(nvm_aq_create, ctrl.get(), window.get());
  QueuePair queue(aq.get(), memory.get());

  auto* text = static_cast<char*>(block->vaddr);
  std::strcpy(text, "Hello, NVMe.");
  queue.transfer(NVM_IO_WRITE, block.get());
  std::memset(text, 0, block->page_size);
  queue.transfer(NVM_IO_READ, block.get());
  std::puts(text);
}

}  // namespace

int main() {
  try {
    greet();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n%s\n", error.what(), nvm_reason());
    return 1;
  }
  return 0;
}

// SPDX-License-Identifier: MIT
// Writes a greeting to a controller in memory and reads it back: the C headers from C++, where what
// is opened closes itself.
#include <nvm_admin.h>
#include <nvm_aq.h>
#include <nvm_cmd.h>
#include <nvm_ctrl.h>
#include <nvm_dma.h>
#include <nvm_error.h>
#include <nvm_queue.h>
#include <nvm_util.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace {

// The order of the members is the order of opening; closing goes backwards.
struct Closer {
  void operator()(nvm_ctrl_t* ctrl) const { nvm_ctrl_free(ctrl); }
  void operator()(nvm_dma_t* map) const { nvm_dma_unmap(map); }
  void operator()(nvm_aq_ref aq) const { nvm_aq_destroy(aq); }
};
template <class T>
using Owned = std::unique_ptr<T, Closer>;

void check(int status) {
  if (!nvm_ok(status)) throw std::runtime_error(nvm_strerror(status));
}

// Calls a function of libnvm that gives something, and owns what it gave.
template <class T, class Function, class... Arguments>
Owned<T> make(Function function, Arguments... arguments) {
  T* made = nullptr;
  check(function(&made, arguments...));
  return Owned<T>(made);
}

struct QueuePair {
  nvm_queue_t cq;
  nvm_queue_t sq;

  QueuePair(nvm_aq_ref aq, nvm_dma_t* memory) {
    check(nvm_admin_cq_create(aq, &cq, 1, NVM_DMA_OFFSET(memory, 0), memory->ioaddrs[0]));
    check(nvm_admin_sq_create(aq, &sq, &cq, 1, NVM_DMA_OFFSET(memory, 1), memory->ioaddrs[1]));
  }

  // Moves block 0 of namespace 1.
  void transfer(uint8_t opcode, const nvm_dma_t* block) {
    nvm_cmd_t* cmd = nvm_sq_enqueue(&sq);
    std::memset(cmd, 0, sizeof(*cmd));
    nvm_cmd_header(cmd, NVM_DEFAULT_CID(&sq), opcode, 1);
    nvm_cmd_data(cmd, block->page_size, 1, nullptr, 0, block->ioaddrs);
    nvm_cmd_rw_blks(cmd, 0, 1);
    nvm_sq_submit(&sq);
    const nvm_cpl_t* cpl = nvm_cq_dequeue_block(&cq, 10000);
    check(cpl == nullptr ? ETIME : NVM_ERR_STATUS(cpl));
    nvm_sq_update(&sq);
    nvm_cq_update(&cq);
  }
};

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

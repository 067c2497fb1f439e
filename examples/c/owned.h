// SPDX-License-Identifier: MIT
// What C++ makes of libnvm's objects: what is opened closes itself, and what fails throws.
#pragma once

#include <nvm_admin.h>
#include <nvm_aq.h>
#include <nvm_cmd.h>
#include <nvm_ctrl.h>
#include <nvm_dma.h>
#include <nvm_error.h>
#include <nvm_queue.h>
#include <nvm_util.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>

struct Closer {
  void operator()(nvm_ctrl_t* ctrl) const { nvm_ctrl_free(ctrl); }
  void operator()(nvm_dma_t* map) const { nvm_dma_unmap(map); }
  void operator()(nvm_aq_ref aq) const { nvm_aq_destroy(aq); }
};
template <class T>
using Owned = std::unique_ptr<T, Closer>;

inline void check(int status) {
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

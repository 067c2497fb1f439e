// SPDX-License-Identifier: MIT
// A C program's set-up, for tests: a controller over memory, managed, with queues made on demand.
#pragma once

#include <doctest/doctest.h>
#include <nvm_admin.h>
#include <nvm_aq.h>
#include <nvm_cmd.h>
#include <nvm_ctrl.h>
#include <nvm_dma.h>
#include <nvm_error.h>
#include <nvm_queue.h>
#include <nvm_rpc.h>
#include <nvm_util.h>

#include <cstring>

namespace nvm::test {

constexpr size_t kPage = 4096;
constexpr uint64_t kTimeoutMs = 10'000;

struct CapiHost {
  nvm_ctrl_t* ctrl = nullptr;
  nvm_dma_t* window = nullptr;  // ACQ, ASQ, a page for identify
  nvm_aq_ref aq = nullptr;

  explicit CapiHost(const char* target = "") {
    REQUIRE(nvm_ctrl_open(&ctrl, target) == 0);
    REQUIRE(nvm_dma_create(&window, ctrl, 3 * kPage) == 0);
    REQUIRE(nvm_aq_create(&aq, ctrl, window) == 0);
  }
  ~CapiHost() {
    nvm_aq_destroy(aq);
    nvm_dma_unmap(window);
    nvm_ctrl_free(ctrl);
  }
  CapiHost(const CapiHost&) = delete;
  CapiHost& operator=(const CapiHost&) = delete;

  void* identify_page() { return NVM_DMA_OFFSET(window, 2); }
  uint64_t identify_address() const { return window->ioaddrs[2]; }

  nvm_dma_t* allocate(size_t size) {
    nvm_dma_t* map = nullptr;
    REQUIRE(nvm_dma_create(&map, ctrl, size) == 0);
    return map;
  }
};

// Queue pair `id` in pages of its own.
struct CapiQueues {
  CapiHost& host;
  nvm_dma_t* memory;
  nvm_queue_t cq;
  nvm_queue_t sq;

  CapiQueues(CapiHost& to, uint16_t id) : host(to), memory(to.allocate(2 * kPage)) {
    REQUIRE(nvm_admin_cq_create(host.aq, &cq, id, memory->vaddr, memory->ioaddrs[0]) == 0);
    REQUIRE(nvm_admin_sq_create(host.aq, &sq, &cq, id, NVM_DMA_OFFSET(memory, 1),
                                memory->ioaddrs[1]) == 0);
  }
  ~CapiQueues() {
    CHECK(nvm_admin_sq_delete(host.aq, &sq, &cq) == 0);
    CHECK(nvm_admin_cq_delete(host.aq, &cq) == 0);
    nvm_dma_unmap(memory);
  }

  nvm_cpl_t* wait() {
    nvm_cpl_t* cpl = nvm_cq_dequeue_block(&cq, kTimeoutMs);
    REQUIRE(cpl != nullptr);
    return cpl;
  }
};

}  // namespace nvm::test

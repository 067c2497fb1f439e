// SPDX-License-Identifier: MIT
// A C program's set-up, for tests: a controller, managed by it or by another program, with queues
// made on demand.
#pragma once

#include <doctest/doctest.h>
#include <nvm_admin.h>
#include <nvm_aq.h>
#include <nvm_cmd.h>
#include <nvm_ctrl.h>
#include <nvm_dma.h>
#include <nvm_emulator.h>
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

  explicit CapiHost(const char* target = "") : CapiHost(open(target)) {}
  explicit CapiHost(nvm_ctrl_t* opened) : ctrl(opened) {
    REQUIRE(nvm_dma_create(&window, ctrl, 3 * kPage) == 0);
    REQUIRE(nvm_aq_create(&aq, ctrl, window) == 0);
  }
  // Without a reference to the admin queues yet.
  CapiHost(nvm_ctrl_t* opened, nvm_aq_ref none) : ctrl(opened), aq(none) {
    REQUIRE(nvm_dma_create(&window, ctrl, 3 * kPage) == 0);
  }
  ~CapiHost() {
    nvm_aq_destroy(aq);
    nvm_dma_unmap(window);
    nvm_ctrl_free(ctrl);
  }
  CapiHost(const CapiHost&) = delete;
  CapiHost& operator=(const CapiHost&) = delete;

  static nvm_ctrl_t* open(const char* target) {
    nvm_ctrl_t* opened = nullptr;
    REQUIRE(nvm_ctrl_open(&opened, target) == 0);
    return opened;
  }

  void* identify_page() { return NVM_DMA_OFFSET(window, 2); }
  uint64_t identify_address() const { return window->ioaddrs[2]; }
  // Identify Controller.
  int identify() {
    nvm_ctrl_info info;
    return nvm_admin_ctrl_info(aq, &info, identify_page(), identify_address());
  }

  nvm_dma_t* allocate(size_t size) {
    nvm_dma_t* map = nullptr;
    REQUIRE(nvm_dma_create(&map, ctrl, size) == 0);
    return map;
  }
};

// An emulated device, for its faults, limits and counters.
struct CapiEmulator {
  nvm_emulator_t* device = nullptr;

  explicit CapiEmulator(const nvm_emulator_options& options) {
    REQUIRE(nvm_emulator_start(&device, &options) == 0);
  }
  ~CapiEmulator() { nvm_emulator_close(device); }
  CapiEmulator(const CapiEmulator&) = delete;
  CapiEmulator& operator=(const CapiEmulator&) = delete;

  nvm_ctrl_t* open(uint16_t index = 0) {
    nvm_ctrl_t* opened = nullptr;
    REQUIRE(nvm_emulator_ctrl(&opened, device, index) == 0);
    return opened;
  }
  uint32_t inject(const nvm_fault& fault) {
    uint32_t id = 0;
    const int status = nvm_emulator_inject(&id, device, &fault);
    INFO(nvm_reason());
    REQUIRE(status == 0);
    return id;
  }
  nvm_emulator_stats stats(uint16_t index = 0) {
    nvm_emulator_stats read;
    REQUIRE(nvm_emulator_ctrl_stats(&read, device, index) == 0);
    return read;
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

  // Sends one command for namespace `ns_id`, with up to two pages of data, and waits: its status.
  int transfer(uint8_t opcode, uint32_t ns_id, uint64_t lba, uint16_t n_blks, nvm_dma_t* data) {
    return transfer(opcode, ns_id, lba, n_blks, data->n_ioaddrs, data->ioaddrs);
  }
  int transfer(uint8_t opcode, uint32_t ns_id, uint64_t lba, uint16_t n_blks, size_t n_ioaddrs,
               const uint64_t* ioaddrs) {
    nvm_cmd_t* cmd = nvm_sq_enqueue(&sq);
    REQUIRE(cmd != nullptr);
    memset(cmd, 0, sizeof(*cmd));
    nvm_cmd_header(cmd, NVM_DEFAULT_CID(&sq), opcode, ns_id);
    nvm_cmd_rw_blks(cmd, lba, n_blks);
    nvm_cmd_data(cmd, kPage, n_ioaddrs, nullptr, 0, ioaddrs);
    nvm_sq_submit(&sq);
    const nvm_cpl_t* cpl = wait();
    const int status = NVM_ERR_STATUS(cpl);
    nvm_sq_update(&sq);
    nvm_cq_update(&cq);
    return status;
  }
};

}  // namespace nvm::test

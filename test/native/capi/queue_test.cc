// SPDX-License-Identifier: MIT
// The inline queue functions on the emulator: data both ways, one completion queue for several
// submission queues, waking a controller that has parked.
#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <vector>

#include "capi/capi_host.h"

namespace nvm::test {
namespace {

void transfer(CapiQueues& queues, uint8_t opcode, uint64_t lba, nvm_dma_t* data) {
  nvm_cmd_t* cmd = nvm_sq_enqueue(&queues.sq);
  REQUIRE(cmd != nullptr);
  memset(cmd, 0, sizeof(*cmd));
  nvm_cmd_header(cmd, NVM_DEFAULT_CID(&queues.sq), opcode, 1);
  nvm_cmd_rw_blks(cmd, lba, static_cast<uint16_t>(data->n_ioaddrs * 8));
  nvm_dma_t* list = queues.host.allocate(kPage);
  REQUIRE(nvm_cmd_data(cmd, kPage, data->n_ioaddrs, list->vaddr, list->ioaddrs[0], data->ioaddrs) ==
          data->n_ioaddrs);
  nvm_sq_submit(&queues.sq);
  nvm_cpl_t* cpl = queues.wait();
  REQUIRE(NVM_ERR_STATUS(cpl) == 0);
  nvm_sq_update(&queues.sq);
  nvm_cq_update(&queues.cq);
  nvm_dma_unmap(list);
}

TEST_CASE("what is written is read back, through one, two and many pages") {
  CapiHost host;
  CapiQueues queues(host, 1);
  for (size_t n_pages : {1u, 2u, 3u, 32u}) {
    CAPTURE(n_pages);
    nvm_dma_t* out = host.allocate(n_pages * kPage);
    nvm_dma_t* in = host.allocate(n_pages * kPage);
    auto* words = static_cast<uint32_t*>(out->vaddr);
    for (size_t i = 0; i < n_pages * kPage / 4; i++) words[i] = static_cast<uint32_t>(i * n_pages);
    transfer(queues, NVM_IO_WRITE, 100, out);
    transfer(queues, NVM_IO_READ, 100, in);
    CHECK(memcmp(out->vaddr, in->vaddr, n_pages * kPage) == 0);
    nvm_dma_unmap(in);
    nvm_dma_unmap(out);
  }
}

TEST_CASE("defect 7: chained PRP lists move more than one list describes, in one command") {
  nvm_emulator_options options{};
  options.size = 16 << 20;
  options.max_data_size = 8 << 20;
  CapiEmulator emulator(options);
  CapiHost host(emulator.open());
  CapiQueues queues(host, 1);
  constexpr size_t kLists = 5;
  nvm_dma_t* lists = host.allocate(kLists * kPage);
  nvm_prp_list_t chain[kLists];
  for (size_t i = 0; i < kLists; i++) chain[i] = {NVM_DMA_OFFSET(lists, i), lists->ioaddrs[i]};
  // A list holds 512 entries, of which the last one leads on to the next: one list, just two, two
  // that are full, just three, and all of MDTS.
  for (const size_t n_pages : {513u, 514u, 1024u, 1025u, 2048u}) {
    CAPTURE(n_pages);
    nvm_dma_t* out = host.allocate(n_pages * kPage);
    nvm_dma_t* in = host.allocate(n_pages * kPage);
    // Pages in an order of their own, so that an address in the wrong place is seen.
    std::vector<uint64_t> backwards(in->ioaddrs, in->ioaddrs + n_pages);
    std::reverse(backwards.begin(), backwards.end());
    auto* words = static_cast<uint64_t*>(out->vaddr);
    for (size_t i = 0; i < n_pages * kPage / 8; i++) words[i] = i * n_pages;
    for (const uint8_t opcode : {NVM_IO_WRITE, NVM_IO_READ}) {
      nvm_cmd_t* cmd = nvm_sq_enqueue(&queues.sq);
      REQUIRE(cmd != nullptr);
      memset(cmd, 0, sizeof(*cmd));
      nvm_cmd_header(cmd, NVM_DEFAULT_CID(&queues.sq), opcode, 1);
      nvm_cmd_rw_blks(cmd, 0, static_cast<uint16_t>(n_pages * 8));
      REQUIRE(nvm_cmd_data_chain(cmd, kPage, n_pages, kLists, chain,
                                 opcode == NVM_IO_WRITE ? out->ioaddrs : backwards.data()) ==
              n_pages);
      nvm_sq_submit(&queues.sq);
      const nvm_cpl_t* cpl = queues.wait();
      REQUIRE(NVM_ERR_STATUS(cpl) == 0);
      nvm_sq_update(&queues.sq);
      nvm_cq_update(&queues.cq);
    }
    for (size_t page = 0; page < n_pages; page++) {
      REQUIRE(memcmp(NVM_DMA_OFFSET(out, page), NVM_DMA_OFFSET(in, n_pages - 1 - page), kPage) ==
              0);
    }
    nvm_dma_unmap(in);
    nvm_dma_unmap(out);
  }
  nvm_dma_unmap(lists);
}

TEST_CASE("memory of the caller's is mapped, aliased and reached") {
  CapiHost host;
  CapiQueues queues(host, 1);
  alignas(4096) static uint8_t memory[2 * kPage];
  nvm_dma_t* map = nullptr;
  CHECK(nvm_dma_map_host(&map, host.ctrl, memory + 1, kPage) == EINVAL);
  REQUIRE(nvm_dma_map_host(&map, host.ctrl, memory, 2 * kPage - 5) == 0);
  CHECK(map->n_ioaddrs == 2);
  nvm_dma_t* alias = nullptr;
  REQUIRE(nvm_dma_remap(&alias, map) == 0);
  nvm_dma_unmap(map);
  memset(memory, 0x5a, sizeof(memory));
  transfer(queues, NVM_IO_WRITE, 0, alias);
  memset(memory, 0, sizeof(memory));
  transfer(queues, NVM_IO_READ, 0, alias);
  CHECK(memory[2 * kPage - 1] == 0x5a);
  nvm_dma_unmap(alias);
}

TEST_CASE("several submission queues share one completion queue, even when it is the smaller") {
  CapiHost host;
  constexpr unsigned kQueues = 6;  // 6 * 63 commands outstanding, 255 completions fit
  nvm_dma_t* memory = host.allocate((kQueues + 1) * kPage);
  nvm_dma_t* data = host.allocate(kPage);
  nvm_queue_t cq;
  nvm_queue_t sqs[kQueues];
  REQUIRE(nvm_admin_cq_create(host.aq, &cq, 1, memory->vaddr, memory->ioaddrs[0]) == 0);
  for (uint16_t i = 0; i < kQueues; i++) {
    REQUIRE(nvm_admin_sq_create(host.aq, &sqs[i], &cq, i + 1, NVM_DMA_OFFSET(memory, i + 1),
                                memory->ioaddrs[i + 1]) == 0);
  }
  for (int round = 0; round < 5; round++) {
    unsigned sent = 0;
    for (nvm_queue_t& sq : sqs) {
      while (nvm_cmd_t* cmd = nvm_sq_enqueue(&sq)) {
        memset(cmd, 0, sizeof(*cmd));
        nvm_cmd_header(cmd, NVM_DEFAULT_CID(&sq), NVM_IO_READ, 1);
        nvm_cmd_data_ptr(cmd, data->ioaddrs[0], 0);
        nvm_cmd_rw_blks(cmd, 0, 1);
        sent++;
      }
      nvm_sq_submit(&sq);
    }
    CHECK(sent == kQueues * 63);
    unsigned done_of[kQueues] = {};
    for (unsigned done = 0; done < sent; done++) {
      nvm_cpl_t* cpl = nvm_cq_dequeue_block(&cq, kTimeoutMs);
      REQUIRE(cpl != nullptr);
      REQUIRE(NVM_ERR_OK(cpl));
      const unsigned index = *NVM_CPL_SQID(cpl) - 1;
      REQUIRE(index < kQueues);
      done_of[index]++;
      nvm_sq_update(&sqs[index]);
      if (done % 16 == 15) nvm_cq_update(&cq);
    }
    nvm_cq_update(&cq);
    for (unsigned done : done_of) CHECK(done == 63);
  }
  for (nvm_queue_t& sq : sqs) CHECK(nvm_admin_sq_delete(host.aq, &sq, &cq) == 0);
  CHECK(nvm_admin_cq_delete(host.aq, &cq) == 0);
  nvm_dma_unmap(data);
  nvm_dma_unmap(memory);
}

TEST_CASE("a controller that has parked is woken by the doorbell") {
  CapiHost host;
  CapiQueues queues(host, 1);
  const bool parks = queues.sq.sleeping != nullptr;
  REQUIRE(parks);
  nvm_dma_t* data = host.allocate(kPage);
  for (int round = 0; round < 5; round++) {
    // Nothing is outstanding, so it parks.
    for (int i = 0; __atomic_load_n(queues.sq.sleeping, __ATOMIC_SEQ_CST) == 0; i++) {
      REQUIRE(i < 100'000);
      nvm_cq_dequeue_block(&queues.cq, 1);
    }
    transfer(queues, NVM_IO_READ, 0, data);
  }
  nvm_dma_unmap(data);
}

TEST_CASE("a queue created again after a reset of its descriptor starts anew") {
  CapiHost host;
  nvm_dma_t* data = host.allocate(kPage);
  {
    CapiQueues queues(host, 1);
    transfer(queues, NVM_IO_READ, 0, data);
    nvm_queue_reset(&queues.cq);
    nvm_queue_reset(&queues.sq);
    CHECK(queues.cq.head == 0);
    CHECK(nvm_cq_poll(&queues.cq) == nullptr);
  }
  CapiQueues again(host, 1);
  transfer(again, NVM_IO_READ, 0, data);
  nvm_dma_unmap(data);
}

}  // namespace
}  // namespace nvm::test

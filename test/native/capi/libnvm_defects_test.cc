// SPDX-License-Identifier: MIT
// One test for each known defect of the original libnvm that a program can meet, named after it.
// The defects of the admin path that need a misbehaving device are in driver/admin_queue_test.cc.
#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "capi/capi_host.h"
#include "spec/nvme.h"

namespace nvm::test {
namespace {

TEST_CASE("defect 1: the admin queue does not get stuck after one lap") {
  CapiHost host;
  for (int i = 0; i < 300; i++) {
    nvm_ctrl_info info;
    REQUIRE(nvm_admin_ctrl_info(host.aq, &info, host.identify_page(), host.identify_address()) ==
            0);
  }
}

TEST_CASE("defect 2: each admin completion belongs to the command that was sent") {
  CapiHost host;
  for (int i = 0; i < 100; i++) {
    nvm_cmd_t cmd{};
    nvm_cpl_t cpl;
    nvm_cmd_header(&cmd, 0xbeef, i % 2 ? 0xc0 : NVM_ADMIN_GET_FEATURES, 0);
    cmd.dword[10] = spec::feature::number_of_queues;
    const int status = nvm_raw_rpc(host.aq, &cmd, &cpl);
    const uint16_t sent = *NVM_CMD_CID(&cmd);
    const uint16_t completed = *NVM_CPL_CID(&cpl);
    CHECK(completed == sent);
    CHECK(nvm_ok(status) == (i % 2 == 0));
  }
}

TEST_CASE("defect 3: host and controller agree on the size of the admin queues") {
  CapiHost host;
  const volatile uint32_t* aqa = _REG(host.ctrl->mm_ptr, 0x24, 32);
  CHECK((*aqa & 0xfff) == (*aqa >> 16));
  CHECK((*aqa & 0xfff) == kPage / sizeof(nvm_cmd_t) - 1);
}

TEST_CASE("defect 4: a failed reset is an error, and destroying disables the controller") {
  // Registers of a controller that never becomes ready.
  alignas(4096) static uint8_t registers[NVM_CTRL_MEM_MINSIZE];
  *_REG(registers, 0, 64) = 63 | UINT64_C(1) << 24 | UINT64_C(1) << 37;  // MQES, TO, CSS
  nvm_ctrl_t* dead = nullptr;
  REQUIRE(nvm_raw_ctrl_init(&dead, registers, sizeof(registers)) == 0);
  alignas(4096) static uint8_t memory[2 * kPage];
  const uint64_t addresses[] = {0x10000, 0x11000};
  nvm_dma_t* window = nullptr;
  REQUIRE(nvm_dma_map(&window, dead, memory, kPage, 2, addresses) == 0);
  nvm_aq_ref ref = nullptr;
  CHECK(nvm_aq_create(&ref, dead, window) == ETIME);
  CHECK(ref == nullptr);
  CHECK((*_REG(registers, 0x14, 32) & 1) == 0);
  CHECK(nvm_raw_ctrl_reset(dead, addresses[0], addresses[1]) == ETIME);
  nvm_dma_unmap(window);
  nvm_ctrl_free(dead);

  CapiHost host;
  const volatile uint32_t* cc = _REG(host.ctrl->mm_ptr, 0x14, 32);
  CHECK((*cc & 1) == 1);
  nvm_aq_destroy(host.aq);
  host.aq = nullptr;
  CHECK((*cc & 1) == 0);
}

TEST_CASE("defect 5: completion and submission queue counts are not swapped") {
  CapiHost host;
  uint16_t n_cqs = 3;
  uint16_t n_sqs = 7;
  REQUIRE(nvm_admin_request_num_queues(host.aq, &n_cqs, &n_sqs) == 0);
  CHECK(n_cqs == 3);
  CHECK(n_sqs == 7);
  // Feature 07h: submission queues in bits 15:0, completion queues in 31:16, both from 0.
  nvm_cmd_t cmd{};
  nvm_cpl_t cpl;
  nvm_cmd_header(&cmd, 0, NVM_ADMIN_GET_FEATURES, 0);
  cmd.dword[10] = 7;
  REQUIRE(nvm_raw_rpc(host.aq, &cmd, &cpl) == 0);
  REQUIRE(nvm_admin_get_num_queues(host.aq, &n_cqs, &n_sqs) == 0);
  CHECK(n_sqs == (cpl.dword[0] & 0xffff) + 1);
  CHECK(n_cqs == (cpl.dword[0] >> 16) + 1);
}

TEST_CASE("defect 6: opcodes have eight bits, and the namespace is at byte 4") {
  nvm_cmd_t cmd{};
  nvm_cmd_header(&cmd, 0x1234, 0x80, 0xa1b2c3d4);
  CHECK(cmd.dword[0] == 0x12340080);
  const uint32_t ns_id = *NVM_CMD_NSID(&cmd);
  const uint16_t cid = *NVM_CMD_CID(&cmd);
  CHECK(ns_id == 0xa1b2c3d4);
  CHECK(cid == 0x1234);
}

TEST_CASE("defect 7: transfers are described whole, or not at all") {
  constexpr size_t kPages = 1300;
  alignas(4096) static uint64_t lists[3][kPage / 8];
  std::vector<uint64_t> addresses;
  for (size_t i = 0; i < kPages; i++) addresses.push_back(0x100000 + i * kPage);
  nvm_cmd_t cmd{};
  nvm_cmd_t untouched{};

  SUBCASE("one page of list holds 513 pages of data, and no more") {
    CHECK(nvm_cmd_data(&cmd, kPage, 513, lists[0], 0x7000, addresses.data()) == 513);
    CHECK(lists[0][511] == addresses[512]);
    CHECK(cmd.dword[8] == 0x7000);
    cmd = {};
    CHECK(nvm_cmd_data(&cmd, kPage, 514, lists[0], 0x7000, addresses.data()) == 0);
    CHECK(memcmp(&cmd, &untouched, sizeof(cmd)) == 0);
  }
  SUBCASE("chained lists hold the rest") {
    const nvm_prp_list_t chain[] = {{lists[0], 0x7000}, {lists[1], 0x8000}, {lists[2], 0x9000}};
    CHECK(nvm_cmd_data_chain(&cmd, kPage, kPages, 3, chain, addresses.data()) == kPages);
    CHECK(lists[0][511] == 0x8000);
    CHECK(lists[1][0] == addresses[512]);
    CHECK(lists[1][511] == 0x9000);
    CHECK(lists[2][kPages - 1 - 2 * 511 - 1] == addresses[kPages - 1]);
    CHECK(nvm_cmd_data_chain(&cmd, kPage, 1536, 3, chain, addresses.data()) == 0);
  }
  SUBCASE("one and two pages need no list, and the first may begin within a page") {
    const uint64_t two[] = {0x100200, 0x101000};
    CHECK(nvm_cmd_data(&cmd, kPage, 1, nullptr, 0, two) == 1);
    CHECK(cmd.dword[6] == 0x100200);
    CHECK(cmd.dword[8] == 0);
    CHECK(nvm_cmd_data(&cmd, kPage, 2, nullptr, 0, two) == 2);
    CHECK(cmd.dword[8] == 0x101000);
    CHECK(nvm_cmd_data(&cmd, kPage, 3, nullptr, 0, two) == 0);
    CHECK(nvm_cmd_data(&cmd, kPage, 0, nullptr, 0, two) == 0);
  }
}

// A queue in plain memory, whose device is the test.
struct PlainQueue {
  alignas(64) uint8_t memory[7 * 64] = {};
  uint32_t doorbell = 0;
  nvm_queue_t queue{};

  PlainQueue(uint16_t entries, uint16_t entry_size) {
    queue.no = 1;
    queue.max_entries = entries;
    queue.entry_size = entry_size;
    queue.phase = 1;
    queue.db = &doorbell;
    queue.vaddr = memory;
  }
};

TEST_CASE("defect 8: a queue of any depth is full with one entry left, at every position") {
  for (uint16_t entries = 2; entries <= 7; entries++) {
    CAPTURE(entries);
    PlainQueue plain(entries, sizeof(nvm_cmd_t));
    for (int position = 0; position < 3 * entries; position++) {
      for (int i = 0; i < entries - 1; i++) REQUIRE(nvm_sq_enqueue(&plain.queue) != nullptr);
      REQUIRE(nvm_sq_enqueue(&plain.queue) == nullptr);
      nvm_sq_submit(&plain.queue);
      REQUIRE(plain.doorbell == plain.queue.tail);
      for (int i = 0; i < entries - 1; i++) nvm_sq_update(&plain.queue);
    }
  }
}

TEST_CASE("defect 8: a command id does not repeat while its first owner is outstanding") {
  PlainQueue plain(5, sizeof(nvm_cmd_t));
  uint32_t words[NVM_QUEUE_CID_WORDS(5)];
  nvm_queue_track(&plain.queue, words);
  const uint16_t oldest = nvm_queue_cid(&plain.queue);
  // The oldest command stays outstanding while others come and go, out of order.
  for (int round = 0; round < 1000; round++) {
    std::set<uint16_t> ids{oldest};
    for (int i = 0; i < 3; i++) ids.insert(nvm_queue_cid(&plain.queue));
    REQUIRE(ids.size() == 4);
    ids.erase(oldest);
    for (uint16_t id : ids) nvm_queue_cid_done(&plain.queue, id);
  }
  for (int i = 0; i < 4; i++) CHECK(nvm_queue_cid(&plain.queue) != NVM_CID_NONE);
  CHECK(nvm_queue_cid(&plain.queue) == NVM_CID_NONE);
}

TEST_CASE("defect 8: a producer and a consumer thread share a submission queue") {
  CapiHost host;
  CapiQueues queues(host, 1);
  uint32_t words[NVM_QUEUE_CID_WORDS(64)];
  nvm_queue_track(&queues.sq, words);
  nvm_dma_t* data = host.allocate(64 * kPage);
  constexpr uint32_t kCommands = 20'000;
  std::atomic<bool> failed{false};
  uint32_t marks[64] = {};  // what the command with this id reads or writes

  std::thread producer([&] {
    for (uint32_t sent = 0; sent < kCommands && !failed;) {
      nvm_cmd_t* cmd = nvm_sq_enqueue(&queues.sq);
      if (cmd == nullptr) {
        std::this_thread::yield();
        continue;
      }
      const uint16_t cid = nvm_queue_cid(&queues.sq);
      if (cid >= 64) failed = true;
      *static_cast<uint32_t*>(NVM_DMA_OFFSET(data, cid % 64)) = marks[cid % 64] = sent++;
      memset(cmd, 0, sizeof(*cmd));
      nvm_cmd_header(cmd, cid, NVM_IO_WRITE, 1);
      nvm_cmd_data_ptr(cmd, data->ioaddrs[cid % 64], 0);
      nvm_cmd_rw_blks(cmd, cid * 8u, 1);
      nvm_sq_submit(&queues.sq);
    }
  });
  uint64_t sum = 0;
  for (uint32_t done = 0; done < kCommands && !failed; done++) {
    nvm_cpl_t* cpl = nvm_cq_dequeue_block(&queues.cq, kTimeoutMs);
    if (cpl == nullptr || !NVM_ERR_OK(cpl) || *NVM_CPL_CID(cpl) >= 64) {
      failed = true;
      break;
    }
    sum += marks[*NVM_CPL_CID(cpl)];
    nvm_queue_cid_done(&queues.sq, *NVM_CPL_CID(cpl));
    nvm_sq_update(&queues.sq);
    nvm_cq_update(&queues.cq);
  }
  producer.join();
  CHECK(!failed);
  CHECK(sum == uint64_t{kCommands} * (kCommands - 1) / 2);
  nvm_dma_unmap(data);
}

TEST_CASE(
    "defect 9: dequeue_block ends at its timeout, and needs none when there is a completion") {
  PlainQueue plain(4, sizeof(nvm_cpl_t));
  CHECK(nvm_cq_dequeue_block(&plain.queue, 1) == nullptr);
  reinterpret_cast<nvm_cpl_t*>(plain.memory)->dword[3] = 0x10000;
  CHECK(nvm_cq_dequeue_block(&plain.queue, 0) != nullptr);
}

}  // namespace
}  // namespace nvm::test

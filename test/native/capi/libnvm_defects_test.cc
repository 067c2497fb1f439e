// SPDX-License-Identifier: MIT
// One test for each known defect of the original libnvm that a program can meet, named after it.
// Where the other side can tell, it is asked too. Threads (defect 8) are in threads_test.cc, long
// PRP lists on a controller (defect 7) in queue_test.cc, LBA formats that no emulated controller
// has (defect 7) in scripted_test.cc, an admin queue whose commands time out (defect 2) in
// driver/admin_queue_test.cc. Of defect 10, which a kernel module has, this is what holds without
// one.
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <thread>
#include <vector>

#include "capi/capi_host.h"
#include "spec/nvme.h"

namespace nvm::test {
namespace {

// Rings of 13 entries: no power of two, and a lap is short.
constexpr uint32_t kEntries = 13;

nvm_emulator_options short_rings() {
  nvm_emulator_options options{};
  options.size = 8 << 20;
  options.queue_entries = kEntries;
  return options;
}

// Asks for Number of Queues, whose completion has a dword 0 of its own, or for Volatile Write
// Cache.
int get_feature(CapiHost& host, uint32_t feature, nvm_cmd_t& cmd, nvm_cpl_t& cpl) {
  cmd = {};
  nvm_cmd_header(&cmd, 0xbeef, NVM_ADMIN_GET_FEATURES, 0);
  cmd.dword[10] = feature;
  return nvm_raw_rpc(host.aq, &cmd, &cpl);
}

TEST_CASE("defect 1: the admin queue goes on after a lap, its completions given back") {
  CapiEmulator emulator(short_rings());
  CapiHost host(emulator.open());
  for (uint32_t i = 0; i < 20 * kEntries; i++) {
    nvm_cmd_t cmd;
    nvm_cpl_t cpl;
    REQUIRE(get_feature(host, spec::feature::number_of_queues, cmd, cpl) == 0);
  }

  // The controller's side: entries that nobody gives back are not overwritten.
  CapiQueues queues(host, 1);
  nvm_dma_t* data = host.allocate(kPage);
  for (uint32_t i = 0; i < kEntries; i++) {
    nvm_cmd_t* cmd = nvm_sq_enqueue(&queues.sq);
    REQUIRE(cmd != nullptr);
    nvm_cmd_header(cmd, static_cast<uint16_t>(i), NVM_IO_FLUSH, 1);
    nvm_sq_submit(&queues.sq);
    if (i < kEntries - 1) {
      REQUIRE(queues.wait() != nullptr);
      nvm_sq_update(&queues.sq);
    }
  }
  CHECK(nvm_cq_dequeue_block(&queues.cq, 20) == nullptr);
  nvm_cq_update(&queues.cq);
  CHECK(queues.wait() != nullptr);
  nvm_dma_unmap(data);
}

TEST_CASE("defect 2: each admin completion belongs to the command that was sent") {
  CapiEmulator emulator(short_rings());
  CapiHost host(emulator.open());
  nvm_cmd_t cmd;
  nvm_cpl_t cpl;
  REQUIRE(get_feature(host, spec::feature::number_of_queues, cmd, cpl) == 0);
  const uint32_t queue_counts = cpl.dword[0];
  REQUIRE(get_feature(host, spec::feature::volatile_write_cache, cmd, cpl) == 0);
  const uint32_t write_cache = cpl.dword[0];
  REQUIRE(queue_counts != write_cache);

  // Every completion comes twice: the second is first in the queue when the next command waits, as
  // one is that comes after its command's timeout.
  nvm_fault twice{};
  twice.on = NVM_FAULT_ON_ADMIN;
  twice.effects = NVM_FAULT_DUPLICATE;
  const uint32_t id = emulator.inject(twice);
  for (int i = 0; i < 50; i++) {
    const bool odd = i % 2 != 0;
    REQUIRE(get_feature(host,
                        odd ? spec::feature::number_of_queues : spec::feature::volatile_write_cache,
                        cmd, cpl) == 0);
    REQUIRE(cpl.dword[0] == (odd ? queue_counts : write_cache));
    const uint16_t sent = *NVM_CMD_CID(&cmd);
    const uint16_t completed = *NVM_CPL_CID(&cpl);
    REQUIRE(completed == sent);
  }
  CHECK(nvm_emulator_fault_hits(emulator.device, id) == 50);
}

TEST_CASE("defect 3: host and controller agree on the size of the admin queues") {
  CapiHost usual;
  CapiEmulator emulator(short_rings());
  CapiHost small(emulator.open());
  for (CapiHost* host : {&usual, &small}) {
    const uint32_t entries = std::min<uint32_t>(host->ctrl->max_entries, kPage / 64);
    const uint32_t aqa = *_REG(host->ctrl->mm_ptr, 0x24, 32);
    CHECK((aqa & 0xfff) == entries - 1);
    CHECK((aqa >> 16 & 0xfff) == entries - 1);
  }
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

  // The controller's side: of the 3 completion queues there is no fourth, of the 7 others there is.
  nvm_dma_t* memory = host.allocate(3 * kPage);
  const auto page = [&](size_t i) { return NVM_DMA_OFFSET(memory, i); };
  nvm_queue_t cq{};
  nvm_queue_t sq{};
  CHECK(nvm_admin_cq_create(host.aq, &cq, 4, page(0), memory->ioaddrs[0]) == -0x101);
  REQUIRE(nvm_admin_cq_create(host.aq, &cq, 3, page(0), memory->ioaddrs[0]) == 0);
  CHECK(nvm_admin_sq_create(host.aq, &sq, &cq, 8, page(1), memory->ioaddrs[1]) == -0x101);
  REQUIRE(nvm_admin_sq_create(host.aq, &sq, &cq, 7, page(1), memory->ioaddrs[1]) == 0);
  CHECK(nvm_admin_sq_delete(host.aq, &sq, &cq) == 0);
  CHECK(nvm_admin_cq_delete(host.aq, &cq) == 0);
  nvm_dma_unmap(memory);
}

TEST_CASE("defect 6: opcodes have eight bits, and the namespace is at byte 4") {
  nvm_cmd_t cmd{};
  nvm_cmd_header(&cmd, 0x1234, 0x80, 0xa1b2c3d4);
  CHECK(cmd.dword[0] == 0x12340080);
  const uint32_t ns_id = *NVM_CMD_NSID(&cmd);
  const uint16_t cid = *NVM_CMD_CID(&cmd);
  CHECK(ns_id == 0xa1b2c3d4);
  CHECK(cid == 0x1234);

  // The controller's side: Format NVM (80h), to the first format with blocks of 4096 bytes.
  CapiHost host;
  nvm_ns_info ns;
  REQUIRE(nvm_admin_ns_info(host.aq, &ns, 1, host.identify_page(), host.identify_address()) == 0);
  CHECK(ns.lba_data_size == 512);
  const auto* identify = static_cast<const spec::IdentifyNamespace*>(host.identify_page());
  uint32_t format = 0;
  while (identify->lbaf[format].lbads != 12 || identify->lbaf[format].ms != 0) format++;
  constexpr uint8_t kFormatNvm = 0x80;
  cmd = {};
  nvm_cpl_t cpl;
  nvm_cmd_header(&cmd, 0, kFormatNvm, 1);
  cmd.dword[10] = format;
  REQUIRE(nvm_raw_rpc(host.aq, &cmd, &cpl) == 0);
  REQUIRE(nvm_admin_ns_info(host.aq, &ns, 1, host.identify_page(), host.identify_address()) == 0);
  CHECK(ns.lba_data_size == 4096);
}

TEST_CASE("defect 7: a controller without a limit takes what one PRP list describes") {
  nvm_emulator_options options{};
  options.max_data_size = NVM_EMULATOR_NO_LIMIT;
  CapiEmulator emulator(options);
  CapiHost host(emulator.open());
  nvm_ctrl_info info;
  REQUIRE(nvm_admin_ctrl_info(host.aq, &info, host.identify_page(), host.identify_address()) == 0);
  constexpr size_t kMdts = 77;
  CHECK(static_cast<const uint8_t*>(host.identify_page())[kMdts] == 0);
  CHECK(info.max_data_size == 512 * kPage);
  CHECK(info.max_data_pages == 512);
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

TEST_CASE(
    "defect 9: dequeue_block ends at its timeout, and needs none when there is a completion") {
  PlainQueue plain(4, sizeof(nvm_cpl_t));
  CHECK(nvm_cq_dequeue_block(&plain.queue, 1) == nullptr);
  reinterpret_cast<nvm_cpl_t*>(plain.memory)->dword[3] = 0x10000;
  CHECK(nvm_cq_dequeue_block(&plain.queue, 0) != nullptr);
}

// How often this thread has gone to sleep.
long sleeps() {
  rusage usage;
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

TEST_CASE("defect 9: dequeue_block does not sleep between two looks when completions are quick") {
  CapiHost host;
  CapiQueues queues(host, 1);
  constexpr int kCommands = 2000;
  const long before = sleeps();
  for (int i = 0; i < kCommands; i++) {
    nvm_cmd_t* cmd = nvm_sq_enqueue(&queues.sq);
    REQUIRE(cmd != nullptr);
    nvm_cmd_header(cmd, NVM_DEFAULT_CID(&queues.sq), NVM_IO_FLUSH, 1);
    nvm_sq_submit(&queues.sq);
    REQUIRE(queues.wait() != nullptr);
    nvm_sq_update(&queues.sq);
    nvm_cq_update(&queues.cq);
  }
  // With a sleep after each look that finds nothing it is one per command at least.
  CHECK(sleeps() - before < kCommands / 4);
}

TEST_CASE("defect 10: what one thread has mapped another one unmaps, and nothing of it stays") {
  CapiHost host;
  CapiQueues queues(host, 1);
  alignas(4096) static uint8_t memory[kPage];
  memset(memory, 0x5a, sizeof(memory));
  for (int i = 0; i < 1000; i++) {
    nvm_dma_t* map = nullptr;
    std::thread([&] { REQUIRE(nvm_dma_map_host(&map, host.ctrl, memory, kPage) == 0); }).join();
    const uint64_t address = map->ioaddrs[0];
    REQUIRE(queues.transfer(NVM_IO_WRITE, 1, 0, 8, map) == 0);
    std::thread([&] { nvm_dma_unmap(map); }).join();
    REQUIRE(queues.transfer(NVM_IO_READ, 1, 8, 8, 1, &address) != 0);
    REQUIRE(memory[0] == 0x5a);
  }
}

}  // namespace
}  // namespace nvm::test

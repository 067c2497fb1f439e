// SPDX-License-Identifier: MIT
// nvm_queue.h and nvm_cmd.h between threads: a producer for each submission queue, and one consumer
// for the completion queue that they share. Rings of 13 entries, so that a lap is short and no
// power of two. Under TSan this also shows that nothing of it is a race.
#include <array>
#include <atomic>
#include <deque>
#include <thread>
#include <vector>

#include "capi/capi_host.h"

namespace nvm::test {
namespace {

constexpr uint32_t kEntries = 13;
constexpr uint32_t kBlocks = 1024;
constexpr uint32_t kCommands = 1300;  // of each queue: a hundred laps

// A submission queue with its producer's and its consumer's state. A page of data for each id.
struct Lane {
  nvm_queue_t sq;
  std::array<uint32_t, NVM_QUEUE_CID_WORDS(kEntries)> words;
  nvm_dma_t* data;
  std::array<std::atomic<bool>, kEntries> outstanding{};
  std::array<uint32_t, kEntries> lba{};  // that the command with this id reads
  uint32_t completed = 0;
};

struct Lanes {
  CapiHost& host;
  std::atomic<int> errors{0};
  std::atomic<bool> stopping{false};
  nvm_dma_t* memory;
  nvm_queue_t cq;
  std::deque<Lane> lanes;

  Lanes(CapiHost& to, uint16_t count) : host(to), memory(to.allocate((count + 1) * kPage)) {
    REQUIRE(nvm_admin_cq_create(host.aq, &cq, 1, memory->vaddr, memory->ioaddrs[0]) == 0);
    for (uint16_t i = 1; i <= count; i++) {
      Lane& lane = lanes.emplace_back();
      REQUIRE(nvm_admin_sq_create(host.aq, &lane.sq, &cq, i, NVM_DMA_OFFSET(memory, i),
                                  memory->ioaddrs[i]) == 0);
      nvm_queue_track(&lane.sq, lane.words.data());
      lane.data = host.allocate(kEntries * kPage);
    }
  }
  ~Lanes() {
    for (Lane& lane : lanes) {
      CHECK(nvm_admin_sq_delete(host.aq, &lane.sq, &cq) == 0);
      nvm_dma_unmap(lane.data);
    }
    CHECK(nvm_admin_cq_delete(host.aq, &cq) == 0);
    nvm_dma_unmap(memory);
  }

  void expect(bool holds) { errors += holds ? 0 : 1; }

  void produce(Lane& lane) {
    for (uint32_t sent = 0; sent < kCommands && !stopping;) {
      nvm_cmd_t* cmd = nvm_sq_enqueue(&lane.sq);
      if (cmd == nullptr) {
        std::this_thread::yield();
        continue;
      }
      const uint16_t cid = nvm_queue_cid(&lane.sq);
      expect(cid < kEntries - 1 && !lane.outstanding[cid % kEntries].exchange(true));
      lane.lba[cid % kEntries] = sent++ * 7 % kBlocks;
      memset(NVM_DMA_OFFSET(lane.data, cid % kEntries), 0xff, 512);
      memset(cmd, 0, sizeof(*cmd));
      nvm_cmd_header(cmd, cid, NVM_IO_READ, 1);
      nvm_cmd_data(cmd, kPage, 1, nullptr, 0, &lane.data->ioaddrs[cid % kEntries]);
      nvm_cmd_rw_blks(cmd, lane.lba[cid % kEntries], 1);
      nvm_sq_submit(&lane.sq);
    }
  }

  // Looks at one completion and lets its id and its slot go.
  void finish(const nvm_cpl_t* cpl) {
    const uint16_t queue = *NVM_CPL_SQID(cpl);
    const uint16_t cid = *NVM_CPL_CID(cpl);
    expect(NVM_ERR_OK(cpl));
    if (queue < 1 || queue > lanes.size() || cid >= kEntries) {
      expect(false);
      return;
    }
    Lane& lane = lanes[queue - 1];
    expect(*static_cast<uint32_t*>(NVM_DMA_OFFSET(lane.data, cid)) == lane.lba[cid]);
    expect(lane.outstanding[cid].exchange(false));
    lane.completed++;
    nvm_queue_cid_done(&lane.sq, cid);
    nvm_sq_update(&lane.sq);
  }

  void consume() {
    for (size_t done = 0; done < kCommands * lanes.size(); done++) {
      const nvm_cpl_t* cpl = nvm_cq_dequeue_block(&cq, kTimeoutMs);
      if (cpl == nullptr) {
        expect(false);
        break;
      }
      finish(cpl);
      if (done % 5 == 0) nvm_cq_update(&cq);  // several at a time
      if (nvm_cq_poll(&cq) == nullptr) nvm_cq_update(&cq);
    }
    nvm_cq_update(&cq);
    stopping = true;
  }

  void run() {
    std::vector<std::thread> producers;
    for (Lane& lane : lanes) producers.emplace_back([this, &lane] { produce(lane); });
    consume();
    for (std::thread& producer : producers) producer.join();
  }
};

// Every block begins with its number.
void fill(CapiHost& host) {
  CapiQueues queues(host, 1);
  nvm_dma_t* data = host.allocate(kPage);
  for (uint32_t lba = 0; lba < kBlocks; lba += 8) {
    for (uint32_t i = 0; i < 8; i++) {
      *reinterpret_cast<uint32_t*>(static_cast<uint8_t*>(data->vaddr) + i * 512) = lba + i;
    }
    REQUIRE(queues.transfer(NVM_IO_WRITE, 1, lba, 8, data) == 0);
  }
  nvm_dma_unmap(data);
}

TEST_CASE("defect 8: a producer and a consumer thread for each submission queue share no race") {
  nvm_emulator_options options{};
  options.size = 1 << 20;
  options.queue_entries = kEntries;
  CapiEmulator emulator(options);
  CapiHost host(emulator.open());
  fill(host);
  // Completions come out of order, and an id stays taken while others come and go.
  nvm_fault late{};
  late.on = NVM_FAULT_ON_IO;
  late.every = 3;
  late.effects = NVM_FAULT_DELAY;
  late.delay_ns = 50'000;
  emulator.inject(late);

  for (const uint16_t count : {1, 3}) {
    CAPTURE(count);
    Lanes lanes(host, count);
    lanes.run();
    CHECK(lanes.errors == 0);
    for (const Lane& lane : lanes.lanes) CHECK(lane.completed == kCommands);
  }
  CHECK(emulator.stats().read_commands == 4 * kCommands);
}

}  // namespace
}  // namespace nvm::test

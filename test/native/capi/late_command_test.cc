// SPDX-License-Identifier: MIT
// Admin commands that the controller carries out when nobody waits for them any more: what becomes
// of the memory that they name.
#include <algorithm>
#include <cerrno>
#include <vector>

#include "capi/capi_host.h"
#include "capi/handles.h"
#include "platform/clock.h"

namespace nvm::test {
namespace {

constexpr uint32_t kEffectsLog = 5;

// A controller that answers Get Log Page late, and who does not wait so long.
struct LateHost {
  CapiEmulator emulator{{}};
  CapiHost host{emulator.open()};
  uint64_t answered = 0;

  uint64_t answers() {
    const nvm_emulator_stats stats = emulator.stats();
    return stats.admin_commands + stats.admin_errors;
  }
  void read_log(size_t page_count, uint64_t prp1, uint64_t prp2) {
    nvm_fault fault{};
    fault.on = NVM_FAULT_ON_ADMIN | NVM_FAULT_ON_OPCODE;
    fault.opcode = NVM_ADMIN_GET_LOG_PAGE;
    fault.times = 1;
    fault.effects = NVM_FAULT_DELAY;
    fault.delay_ns = 300'000'000;
    emulator.inject(fault);
    answered = answers();
    const uint64_t patience_ns = host.aq->timeout_ns;
    host.aq->timeout_ns = 20'000'000;
    nvm_cmd_t cmd{};
    nvm_cpl_t cpl;
    nvm_cmd_header(&cmd, 0, NVM_ADMIN_GET_LOG_PAGE, 0xffffffff);
    nvm_cmd_data_ptr(&cmd, prp1, prp2);
    cmd.dword[10] = static_cast<uint32_t>(page_count * kPage / 4 - 1) << 16 | kEffectsLog;
    CHECK(nvm_raw_rpc(host.aq, &cmd, &cpl) == ETIME);
    host.aq->timeout_ns = patience_ns;
  }
  void await_answer() {
    REQUIRE(wait_until(thread_waiter(), kTimeoutMs * kNanosecondsPerMillisecond,
                       [&] { return answers() > answered; }));
    CHECK(host.identify() == 0);  // takes the late completion, too
  }
};

// Pages of `ctrl`, each a descriptor.
std::vector<nvm_dma_t*> make_pages(const nvm_ctrl_t* ctrl, size_t count) {
  std::vector<nvm_dma_t*> pages(count);
  for (auto& page : pages) REQUIRE(nvm_dma_create(&page, ctrl, kPage) == 0);
  return pages;
}

std::vector<uint64_t> addresses_of(const std::vector<nvm_dma_t*>& pages) {
  std::vector<uint64_t> addresses;
  for (const auto* page : pages) addresses.push_back(page->ioaddrs[0]);
  return addresses;
}

bool have_common(const std::vector<uint64_t>& some, const std::vector<uint64_t>& others) {
  return std::find_first_of(some.begin(), some.end(), others.begin(), others.end()) != some.end();
}

void unmap_all(const std::vector<nvm_dma_t*>& pages) {
  for (auto* page : pages) nvm_dma_unmap(page);
}

}  // namespace

TEST_CASE("memory that a late command names is nobody else's before it has ended") {
  for (const bool is_other : {false, true}) {
    CAPTURE(is_other);
    LateHost late;
    nvm_ctrl_t* other = late.emulator.open();
    CapiEmulator neighbour{{}};
    nvm_ctrl_t* neighbours = neighbour.open();
    INFO("two data pages; then three, and the list of the last two");
    for (const size_t count : {2, 4}) {
      const auto pages = make_pages(is_other ? other : late.host.ctrl, count);
      const auto addresses = addresses_of(pages);
      const size_t data_count = count == 2 ? 2 : 3;
      if (count == 4) memcpy(pages[3]->vaddr, &addresses[1], 2 * sizeof(uint64_t));
      INFO("another controller has the same addresses");
      const auto strangers = make_pages(neighbours, 16);
      CHECK(have_common(addresses_of(strangers), {addresses.back()}));
      late.read_log(data_count, addresses[0], addresses[count == 2 ? 1 : 3]);
      unmap_all(pages);
      unmap_all(strangers);

      const auto next = make_pages(late.host.ctrl, count);
      CHECK(!have_common(addresses_of(next), addresses));
      for (const auto* page : next) memset(page->vaddr, 0x77, kPage);
      late.await_answer();
      for (const auto* page : next) {
        const auto* bytes = static_cast<const uint8_t*>(page->vaddr);
        CHECK(std::all_of(bytes, bytes + kPage, [](uint8_t byte) { return byte == 0x77; }));
      }
      unmap_all(next);
      const auto again = make_pages(late.host.ctrl, 2 * count);
      CHECK(have_common(addresses_of(again), addresses));
      unmap_all(again);
    }
    nvm_ctrl_free(neighbours);
    nvm_ctrl_free(other);
  }
}

TEST_CASE("memory of the caller's own is not touched by a late command once it is unmapped") {
  LateHost late;
  alignas(kPage) static uint8_t own[kPage];
  nvm_dma_t* map = nullptr;
  REQUIRE(nvm_dma_map_host(&map, late.host.ctrl, own, sizeof own) == 0);
  late.read_log(1, map->ioaddrs[0], 0);
  nvm_dma_unmap(map);
  memset(own, 0x77, sizeof own);
  late.await_answer();
  CHECK(std::all_of(own, own + kPage, [](uint8_t byte) { return byte == 0x77; }));
}

}  // namespace nvm::test

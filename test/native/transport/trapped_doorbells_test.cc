// SPDX-License-Identifier: MIT
#include "transport/trapped_doorbells.h"

#include <doctest/doctest.h>

#include <atomic>
#include <utility>

using namespace nvm;

namespace {

using Rings = std::vector<std::pair<uint32_t, uint32_t>>;

struct Device {
  explicit Device(uint32_t stride_bytes = 4)
      : pages(Buffer::allocate(2 * TrappedDoorbells::kPageBytes).value()),
        doorbells(pages, stride_bytes, [this](const std::vector<TrappedDoorbells::Ring>& rings) {
          messages++;
          for (const auto& ring : rings) told.emplace_back(ring.offset, ring.value);
        }) {}

  uint32_t& event_index(uint32_t word) {
    return reinterpret_cast<uint32_t*>(pages->bytes() + TrappedDoorbells::kPageBytes)[word];
  }
  void ring(uint32_t word, uint32_t value) {
    std::atomic_ref<uint32_t>(doorbells.words()[word]).store(value);
    doorbells.ring();
  }
  void clear_pair(uint32_t id) {
    doorbells.clear(2 * id);
    doorbells.clear(2 * id + 1);
  }
  Rings take() { return std::exchange(told, {}); }

  std::shared_ptr<Buffer> pages;
  Rings told;
  int messages = 0;
  TrappedDoorbells doorbells;
};

}  // namespace

TEST_CASE("what was rung is told once, completions before submissions, in one go") {
  Device device;
  device.clear_pair(1);
  device.doorbells.words()[2] = 5;
  device.doorbells.words()[3] = 4;
  device.ring(0, 1);
  CHECK(device.take() == Rings{{12, 4}, {0, 1}, {8, 5}});
  CHECK(device.messages == 1);
  device.doorbells.ring();
  CHECK(device.take().empty());
  CHECK(device.messages == 1);
}

TEST_CASE("doorbells that lie apart are told where they lie") {
  Device device(16);
  device.clear_pair(2);
  device.ring(4 * 4, 3);
  CHECK(device.take() == Rings{{64, 3}});
}

TEST_CASE("a queue that is made anew begins at 0, for the device too") {
  Device device;
  device.clear_pair(1);
  device.ring(2, 7);
  device.take();
  device.clear_pair(1);
  CHECK(device.doorbells.words()[2] == 0);
  device.doorbells.ring();
  CHECK(device.take().empty());
  device.ring(2, 7);
  CHECK(device.take() == Rings{{8, 7}});
  device.clear_pair(4000);  // has no doorbells
  device.ring(0, 3);
  device.take();
  device.clear_pair(0);  // whose doorbells are cleared when the controller is disabled
  CHECK(device.doorbells.words()[0] == 3);
}

TEST_CASE("with shadow doorbells only what passes the event index is told") {
  Device device;
  device.clear_pair(1);
  device.doorbells.use_shadow();
  device.ring(2, 1);  // the event index is 0: the device looks no more
  CHECK(device.take() == Rings{{8, 1}});
  device.ring(2, 2);  // it does not say so again: it looks
  device.ring(2, 3);
  CHECK(device.take().empty());
  device.event_index(2) = 3;
  device.ring(2, 6);
  CHECK(device.take() == Rings{{8, 6}});
  device.event_index(2) = 30;
  device.ring(2, 30);
  CHECK(device.take().empty());
  device.ring(2, 1);  // behind the end of the queue, and past the event index
  CHECK(device.take() == Rings{{8, 1}});
  // Those of the admin queues are registers always.
  device.event_index(0) = 7;
  device.ring(0, 1);
  device.ring(0, 2);
  CHECK(device.take() == Rings{{0, 1}, {0, 2}});
  device.doorbells.clear_all();
  CHECK(device.doorbells.words()[0] == 0);
  CHECK(device.event_index(2) == 0);
  device.ring(2, 1);
  device.ring(2, 2);
  CHECK(device.take() == Rings{{8, 1}, {8, 2}});
}

TEST_CASE(
    "a submission queue without a completion queue of its own is rung, and clears no other's") {
  Device device;
  device.clear_pair(1);
  device.ring(3, 9);
  device.doorbells.clear(2 * 2);
  device.ring(4, 1);
  CHECK(device.take() == Rings{{12, 9}, {16, 1}});
  CHECK(device.doorbells.words()[3] == 9);
}

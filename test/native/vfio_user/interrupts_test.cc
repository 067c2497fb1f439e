// SPDX-License-Identifier: MIT
#include "vfio_user/interrupts.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/eventfd.h>

#include <cerrno>

#include "vfio_user/message.h"

using namespace nvm;
using namespace nvm::vfio_user;

namespace {

constexpr size_t kControlOffset = 12;
constexpr size_t kEntryByteLength = 16;

// An eventfd as a client has it: one end for the device, one to look at.
struct Event {
  Event() : mine(eventfd(0, EFD_CLOEXEC)) {}
  UniqueFd for_device() const { return UniqueFd(dup(mine.get())); }
  // How often it was signalled since last asked.
  uint64_t take() const {
    fcntl(mine.get(), F_SETFL, O_NONBLOCK);
    uint64_t count = 0;
    return read(mine.get(), &count, sizeof count) < 0 ? 0 : count;
  }
  UniqueFd mine;
};

int connect_one(Interrupts& interrupts, uint32_t vector, const Event& event) {
  std::vector<UniqueFd> fds;
  fds.push_back(event.for_device());
  return interrupts.connect(irq_index::msix, vector, std::move(fds));
}

void write_control(Interrupts& interrupts, size_t vector, uint32_t value) {
  interrupts.write_table(vector * kEntryByteLength + kControlOffset,
                         std::as_bytes(std::span<const uint32_t, 1>(&value, 1)));
}

bool is_pending(const Interrupts& interrupts, size_t vector) {
  std::byte bits[24];
  interrupts.read_pending(0, bits);
  return (std::to_integer<unsigned>(bits[vector / 8]) >> (vector % 8) & 1) != 0;
}

}  // namespace

TEST_CASE("a vector signals its own eventfd") {
  Interrupts interrupts;
  Event first, last;
  CHECK(connect_one(interrupts, 0, first) == 0);
  CHECK(connect_one(interrupts, kVectorCount - 1, last) == 0);
  interrupts.raise(0);
  CHECK(first.take() == 1);
  CHECK(last.take() == 0);
  interrupts.raise(kVectorCount - 1);
  CHECK(last.take() == 1);
  interrupts.raise(kVectorCount);
  interrupts.raise(0xffff);
  CHECK(first.take() == 0);
  CHECK(last.take() == 0);
}

TEST_CASE("a masked vector becomes pending, and is signalled once when unmasked") {
  Interrupts interrupts;
  Event event;
  CHECK(connect_one(interrupts, 3, event) == 0);
  SUBCASE("by the client") {
    interrupts.set_client_mask(irq_index::msix, 3, true);
    interrupts.raise(3);
    interrupts.raise(3);
    CHECK(event.take() == 0);
    CHECK(is_pending(interrupts, 3));
    interrupts.set_client_mask(irq_index::msix, 3, false);
  }
  SUBCASE("in the table") {
    write_control(interrupts, 3, 1);
    interrupts.raise(3);
    interrupts.raise(3);
    CHECK(event.take() == 0);
    CHECK(is_pending(interrupts, 3));
    write_control(interrupts, 3, 0);
  }
  CHECK(event.take() == 1);
  CHECK_FALSE(is_pending(interrupts, 3));
}

TEST_CASE("an interrupt that nobody listens to yet is not lost") {
  Interrupts interrupts;
  Event event;
  interrupts.raise(5);
  CHECK(is_pending(interrupts, 5));
  CHECK(connect_one(interrupts, 5, event) == 0);
  CHECK(event.take() == 1);
}

TEST_CASE("a disconnected vector signals nobody") {
  Interrupts interrupts;
  Event event;
  CHECK(connect_one(interrupts, 1, event) == 0);
  interrupts.disconnect(irq_index::msix, 0, kVectorCount);
  interrupts.raise(1);
  CHECK(event.take() == 0);
}

TEST_CASE("only eventfds are taken, for they cannot block the device") {
  Interrupts interrupts;
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  UniqueFd reader(ends[0]);
  std::vector<UniqueFd> fds;
  fds.emplace_back(ends[1]);
  CHECK(interrupts.connect(irq_index::msix, 0, std::move(fds)) == EINVAL);
}

TEST_CASE("an eventfd at its limit does not block the device") {
  Interrupts interrupts;
  Event event;
  CHECK(connect_one(interrupts, 0, event) == 0);
  uint64_t limit = 0xfffffffffffffffe;
  REQUIRE(write(event.mine.get(), &limit, sizeof limit) == sizeof limit);
  interrupts.raise(0);
  CHECK(event.take() == limit);
}

TEST_CASE("the table reads as after power-on, and keeps what is written within its entries") {
  Interrupts interrupts;
  uint32_t control = 0;
  auto read_control = [&](size_t vector) {
    interrupts.read_table(vector * kEntryByteLength + kControlOffset,
                          std::as_writable_bytes(std::span<uint32_t, 1>(&control, 1)));
    return control;
  };
  CHECK(read_control(0) == 1);
  CHECK(read_control(kVectorCount - 1) == 1);
  CHECK(read_control(kVectorCount) == 0);
  write_control(interrupts, 2, 0);
  CHECK(read_control(2) == 0);
  write_control(interrupts, kVectorCount, 1);
  CHECK(read_control(kVectorCount) == 0);
  interrupts.reset();
  CHECK(read_control(2) == 1);
}

namespace {

struct PinFixture {
  PinFixture() {
    std::vector<UniqueFd> fds;
    fds.push_back(event.for_device());
    REQUIRE(interrupts.connect(irq_index::pin, 0, std::move(fds)) == 0);
  }
  Interrupts interrupts;
  Event event;
};

}  // namespace

TEST_CASE_FIXTURE(PinFixture, "the pin signals once, then masks itself until it is unmasked") {
  interrupts.set_pin(true);
  CHECK(event.take() == 1);
  interrupts.set_pin(true);
  CHECK(event.take() == 0);
  SUBCASE("and signals again while the reason is there") {
    interrupts.set_client_mask(irq_index::pin, 0, false);
    CHECK(event.take() == 1);
  }
  SUBCASE("and is silent when the reason has gone, until the next") {
    interrupts.set_pin(false);
    interrupts.set_client_mask(irq_index::pin, 0, false);
    CHECK(event.take() == 0);
    interrupts.set_pin(true);
    CHECK(event.take() == 1);
  }
}

TEST_CASE_FIXTURE(PinFixture, "a masked pin, and one that nobody heard, signal when allowed") {
  SUBCASE("masked by the client") {
    interrupts.set_client_mask(irq_index::pin, 0, true);
    interrupts.set_pin(true);
    CHECK(event.take() == 0);
    interrupts.set_client_mask(irq_index::pin, 0, false);
  }
  SUBCASE("without an eventfd") {
    interrupts.disconnect(irq_index::pin, 0, 1);
    interrupts.set_pin(true);
    CHECK(event.take() == 0);
    std::vector<UniqueFd> fds;
    fds.push_back(event.for_device());
    interrupts.connect(irq_index::pin, 0, std::move(fds));
  }
  CHECK(event.take() == 1);
}

TEST_CASE_FIXTURE(PinFixture, "a signal that the client has not seen goes with its reason") {
  interrupts.set_pin(true);
  SUBCASE("and the pin, not masked by it, signals the next one") {
    interrupts.set_pin(false);
    CHECK(event.take() == 0);
    interrupts.set_pin(true);
    CHECK(event.take() == 1);
  }
  SUBCASE("and a mask of the client's own stays") {
    interrupts.set_client_mask(irq_index::pin, 0, true);
    interrupts.set_pin(false);
    interrupts.set_pin(true);
    CHECK(event.take() == 0);
    interrupts.set_client_mask(irq_index::pin, 0, false);
    CHECK(event.take() == 1);
  }
}

TEST_CASE_FIXTURE(PinFixture, "a reset releases the pin") {
  interrupts.set_pin(true);
  CHECK(event.take() == 1);
  interrupts.reset();
  interrupts.set_pin(true);
  CHECK(event.take() == 1);
}

TEST_CASE_FIXTURE(PinFixture, "vectors do not signal the pin's eventfd, nor the pin theirs") {
  Event vector;
  CHECK(connect_one(interrupts, 0, vector) == 0);
  interrupts.raise(0);
  CHECK(event.take() == 0);
  CHECK(vector.take() == 1);
  interrupts.set_pin(true);
  CHECK(event.take() == 1);
  CHECK(vector.take() == 0);
}

TEST_CASE("the client may trigger any interrupt, as often as it likes") {
  for (uint32_t index :
       {irq_index::pin, irq_index::msix, irq_index::error, irq_index::release_request}) {
    CAPTURE(index);
    Interrupts interrupts;
    Event event;
    interrupts.trigger(index, 0);  // nobody listens
    std::vector<UniqueFd> fds;
    fds.push_back(event.for_device());
    REQUIRE(interrupts.connect(index, 0, std::move(fds)) == 0);
    event.take();
    interrupts.trigger(index, 0);
    interrupts.trigger(index, 0);
    CHECK(event.take() == 2);
  }
}

TEST_CASE("vectors masked as a whole wait, and are signalled when that ends") {
  Interrupts interrupts;
  Event first, second;
  CHECK(connect_one(interrupts, 1, first) == 0);
  CHECK(connect_one(interrupts, 2, second) == 0);
  interrupts.set_msix_masked(true);
  interrupts.raise(1);
  CHECK(first.take() == 0);
  CHECK(is_pending(interrupts, 1));
  interrupts.set_msix_masked(false);
  CHECK(first.take() == 1);
  CHECK(second.take() == 0);
  CHECK_FALSE(is_pending(interrupts, 1));
}

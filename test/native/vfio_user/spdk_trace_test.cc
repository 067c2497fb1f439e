// SPDX-License-Identifier: MIT
// What SPDK's initiator (v26.05, trtype VFIOUSER) says to its own target, message by message, and
// the bytes that it gets: taken from a trace, and not written with our structures.
#include <doctest/doctest.h>
#include <sched.h>
#include <sys/stat.h>

#include <cctype>
#include <string_view>

#include "vfio_user/served.h"

using namespace nvm;
using namespace nvm::vfio_user;
using namespace nvm::vfio_user::test;

namespace {

Bytes hex(std::string_view text) {
  Bytes bytes;
  std::string digits;
  for (char c : text) {
    if (!std::isxdigit(static_cast<unsigned char>(c))) continue;
    digits.push_back(c);
    if (digits.size() < 2) continue;
    bytes.push_back(static_cast<std::byte>(std::stoul(digits, nullptr, 16)));
    digits.clear();
  }
  return bytes;
}

Bytes padded(Bytes bytes, size_t byte_length) {
  bytes.resize(byte_length);
  return bytes;
}

template <class T>
Bytes operator+(Bytes head, const T& tail) {
  return with_tail(std::move(head), as_bytes_of(tail));
}

// 64 MiB whose I/O addresses are its virtual ones, and no multiple of a huge page.
class DmaMemory {
 public:
  static constexpr size_t kByteLength = 64 << 20;
  static constexpr size_t kHugePage = 2 << 20;

  DmaMemory() : fd_(memfd_create("spdk", MFD_CLOEXEC)) {
    REQUIRE(ftruncate(fd_.get(), kByteLength) == 0);
    room_ =
        mmap(nullptr, kByteLength + 2 * kHugePage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(room_ != MAP_FAILED);
    auto at = (reinterpret_cast<uint64_t>(room_) / kHugePage + 1) * kHugePage + 4096;
    bytes_ =
        static_cast<std::byte*>(mmap(reinterpret_cast<void*>(at), kByteLength,
                                     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd_.get(), 0));
  }
  ~DmaMemory() { munmap(room_, kByteLength + 2 * kHugePage); }

  int fd() const { return fd_.get(); }
  std::byte* bytes() const { return bytes_; }
  uint64_t address() const { return reinterpret_cast<uint64_t>(bytes_); }

 private:
  UniqueFd fd_;
  void* room_;
  std::byte* bytes_;
};

// The admin queue as SPDK has it: 256 entries, rung in the mapped page, completions polled.
class AdminQueue {
 public:
  static constexpr size_t kCompletions = 0x4000, kData = 0x10000;

  AdminQueue(DmaMemory& memory, uint32_t* doorbells) : memory_(memory), doorbells_(doorbells) {}

  void submit(spec::SubmissionQueueEntry sqe) {
    sqe.cid = tail_;
    std::memcpy(memory_.bytes() + tail_ * sizeof sqe, &sqe, sizeof sqe);
    tail_++;
    std::atomic_ref<uint32_t>(doorbells_[0]).store(tail_, std::memory_order_release);
  }
  // The next completion's id and status; an impossible id when none came.
  struct Result {
    uint32_t cid;
    uint32_t status;
  };
  Result wait() {
    auto* entry =
        reinterpret_cast<spec::CompletionQueueEntry*>(memory_.bytes() + kCompletions) + head_;
    std::atomic_ref<uint16_t> status(entry->status);
    auto deadline = std::chrono::steady_clock::now() + kPatience;
    while ((status.load(std::memory_order_acquire) & 1) == 0) {
      if (std::chrono::steady_clock::now() > deadline) return {~0u, ~0u};
      sched_yield();
    }
    head_++;
    std::atomic_ref<uint32_t>(doorbells_[1]).store(head_, std::memory_order_release);
    return {entry->cid, static_cast<uint32_t>(entry->status >> 1)};
  }
  // The status of the command that `sqe` is.
  uint32_t run(spec::SubmissionQueueEntry sqe) {
    const uint32_t cid = tail_;
    submit(sqe);
    Result result = wait();
    CHECK(result.cid == cid);
    return result.status;
  }
  uint32_t identify(uint32_t cns, uint32_t nsid) {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = spec::admin_opcode::identify;
    sqe.nsid = nsid;
    sqe.prp1 = memory_.address() + kData;
    sqe.cdw10 = cns;
    return run(sqe);
  }

 private:
  DmaMemory& memory_;
  uint32_t* doorbells_;
  uint16_t tail_ = 0, head_ = 0;
};

struct Spdk {
  Served served{1, Doorbells::Poll};
  SocketClient client{served.server->path()};
  std::vector<UniqueFd> received;

  // Sends `request` and returns all bytes of the reply; SPDK's ids are always 0.
  Bytes exchange(const Bytes& request, std::initializer_list<int> fds = {}) {
    received.clear();
    REQUIRE(client.send(request, fds));
    return client.receive(&received);
  }
  // REGION_READ: header, offset, region, count; the reply repeats these in front of the data.
  Bytes read(uint64_t offset, uint32_t region, uint32_t count) {
    Bytes access = join(offset, region, count);
    Bytes reply = exchange(with_tail(hex("0000 0900 20000000 00000000 00000000"), access));
    REQUIRE(reply.size() == 32 + count);
    const Bytes head = hex("0000 0900") + uint32_t{32 + count} + uint64_t{1};
    CHECK(Bytes(reply.begin(), reply.begin() + 32) == with_tail(head, access));
    return Bytes(reply.begin() + 32, reply.end());
  }
  template <class T>
  void write(uint64_t offset, uint32_t region, T value) {
    Bytes access = join(offset, region, static_cast<uint32_t>(sizeof value));
    Bytes request = hex("0000 0a00") + static_cast<uint32_t>(32 + sizeof value) + uint64_t{0};
    CHECK(exchange(with_tail(request, access) + value) ==
          with_tail(hex("0000 0a00 20000000 01000000 00000000"), access));
  }
  template <class T>
  T value_at(uint64_t offset, uint32_t region) {
    T value;
    std::memcpy(&value, read(offset, region, sizeof value).data(), sizeof value);
    return value;
  }
  // Until CSTS is what the trace shows.
  bool wait_for_csts(uint32_t wanted) {
    auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (value_at<uint32_t>(0x1c, 0) != wanted) {
      if (std::chrono::steady_clock::now() > deadline) return false;
    }
    return true;
  }

  // The messages of the trace, up to the point from which there are none.
  void ask_for_version() {
    Bytes version = exchange(hex("0000 0100 14000000 00000000 00000000  0000 0100"));
    constexpr std::string_view kJson =
        R"({"capabilities":{"max_msg_fds":16,"max_data_xfer_size":65536,"max_dma_maps":16384,)"
        R"("pgsizes":4096}})";
    Bytes expected = hex("0000 0100 77000000 01000000 00000000  0000 0100");
    expected = with_tail(expected, std::as_bytes(std::span(kJson)));
    CHECK(version == expected + '\0');
  }
  void ask_for_device() {
    CHECK(exchange(hex("0000 0400 20000000 00000000 00000000"
                       "10000000 00000000 00000000 00000000")) ==
          hex("0000 0400 20000000 01000000 00000000  10000000 03000000 09000000 05000000"));
  }
  // The mapped doorbells.
  UniqueFd ask_for_regions() {
    UniqueFd doorbells;
    // Flags and size of each region.
    const std::string_view regions[] = {
        "0f000000 00400000", "00000000 00000000", "00000000 00000000",
        "00000000 00000000", "03000000 00200000", "03000000 00100000",
        "00000000 00000000", "03000000 00100000", "00000000 00000000"};
    for (uint32_t index = 0; index < 9; index++) {
      CAPTURE(index);
      Bytes request = hex("0000 0500 f00f0000 00000000 00000000  e00f0000 00000000") + index;
      Bytes reply = exchange(padded(request, 4080));
      const Bytes flags_and_size = hex(regions[index]);
      const std::span flags(flags_and_size.data(), 4), size(flags_and_size.data() + 4, 4);
      const bool mappable = index == 0;
      Bytes expected = hex(mappable ? "0000 0500 50000000 01000000 00000000  40000000"
                                    : "0000 0500 30000000 01000000 00000000  20000000");
      expected = with_tail(expected, flags) + index + uint32_t{mappable ? 0x20u : 0u};
      expected = with_tail(expected, size) + uint32_t{0} + uint64_t{0};
      // Capability 1, version 1, no next, one area: 0x1000 bytes at 0x1000.
      if (mappable) {
        expected = with_tail(expected, hex("0100 0100 00000000 01000000 00000000"
                                           "0010000000000000 0010000000000000"));
      }
      CHECK(reply == expected);
      REQUIRE(received.size() == (mappable ? 1 : 0));
      if (mappable) doorbells = std::move(received.front());
    }
    return doorbells;
  }
  void map_memory(const DmaMemory& memory) {
    Bytes request = hex("0000 0200 30000000 00000000 00000000  20000000 03000000");
    request = request + uint64_t{0} + memory.address() + uint64_t{DmaMemory::kByteLength};
    CHECK(exchange(request, {memory.fd()}) == hex("0000 0200 10000000 01000000 00000000"));
  }
  void enable(const DmaMemory& memory) {
    write<uint16_t>(4, 7, value_at<uint16_t>(4, 7) | 0x0404);
    const auto capabilities = value_at<uint64_t>(0, 0);
    CHECK(capabilities != 0);
    CHECK(value_at<uint32_t>(8, 0) >= 0x10400);
    CHECK(value_at<uint64_t>(0, 0) == capabilities);
    CHECK(value_at<uint32_t>(0x14, 0) == 0);
    CHECK(value_at<uint32_t>(0x1c, 0) == 0);
    write<uint64_t>(0x28, 0, memory.address());
    write<uint64_t>(0x30, 0, memory.address() + AdminQueue::kCompletions);
    write<uint32_t>(0x24, 0, 0x00ff00ff);
    write<uint32_t>(0x14, 0, 0x00460001);
    REQUIRE(wait_for_csts(1));
  }
};

}  // namespace

TEST_CASE("SPDK's initiator gets the bytes of its trace") {
  DmaMemory memory;
  Spdk spdk;
  spdk.ask_for_version();
  spdk.ask_for_device();
  UniqueFd file = spdk.ask_for_regions();
  void* mapped = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0x1000);
  REQUIRE(mapped != MAP_FAILED);
  spdk.map_memory(memory);
  spdk.enable(memory);

  // From here on no message, only doorbells and memory.
  AdminQueue admin(memory, static_cast<uint32_t*>(mapped));
  CHECK(admin.identify(1, 0) == 0);
  CHECK(std::memcmp(memory.bytes() + AdminQueue::kData + 24, "peernvm", 7) == 0);  // model number
  usleep(20'000);  // nobody can wake the device: it must not have gone to sleep
  spec::SubmissionQueueEntry sqe{};
  sqe.opc = spec::admin_opcode::set_features;
  sqe.cdw10 = 0x0b;  // Asynchronous Event Configuration
  sqe.cdw11 = 0x1f;
  admin.run(sqe);
  sqe = {};
  sqe.opc = spec::admin_opcode::asynchronous_event_request;
  admin.submit(sqe);  // must stay pending: what completes next is not it
  sqe = {};
  sqe.opc = spec::admin_opcode::set_features;
  sqe.cdw10 = 7;  // Number of Queues
  sqe.cdw11 = 0x007f007f;
  CHECK(admin.run(sqe) == 0);
  CHECK(admin.identify(2, 0) == 0);  // active namespaces
  CHECK(memory.bytes()[AdminQueue::kData] == std::byte{1});
  CHECK(admin.identify(0, 1) == 0);
  CHECK(admin.identify(3, 1) == 0);

  spdk.write<uint32_t>(0x14, 0, 0x00464001);
  CHECK(spdk.wait_for_csts(9));
  // A descriptor that nobody asked for comes with the unmapping, and is closed.
  Bytes unmap = hex("0000 0300 28000000 00000000 00000000  18000000 00000000");
  unmap = unmap + memory.address() + uint64_t{DmaMemory::kByteLength};
  Bytes unmapped = unmap;
  unmapped[8] = std::byte{1};  // the same, as a reply
  CHECK(spdk.exchange(unmap, {memory.fd()}) == unmapped);
  munmap(mapped, 4096);
}

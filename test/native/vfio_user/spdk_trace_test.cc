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

// Zeroes, but for what stands at these offsets.
struct Part {
  size_t offset;
  std::string_view text;
};
Bytes page(size_t byte_length, std::initializer_list<Part> parts) {
  Bytes bytes(byte_length);
  for (const Part& part : parts) {
    const Bytes value = hex(part.text);
    std::copy(value.begin(), value.end(), bytes.begin() + static_cast<ptrdiff_t>(part.offset));
  }
  return bytes;
}

// The admin queue as SPDK has it: 256 entries, rung in the mapped page, completions polled.
class AdminQueue {
 public:
  static constexpr size_t kCompletions = 0x4000, kData = 0x10000, kPage = 4096;

  AdminQueue(DmaMemory& memory, uint32_t* doorbells) : memory_(memory), doorbells_(doorbells) {}

  // Opcode, NSID and CDW10 to CDW11, as they stand in the entry.
  void submit(uint8_t opcode, uint32_t nsid = 0, uint32_t cdw10 = 0, uint32_t cdw11 = 0) {
    std::memset(memory_.bytes() + kData, 0, kPage);
    Bytes entry = Bytes{std::byte{opcode}, std::byte{0}} + tail_ + nsid + uint64_t{0} + uint64_t{0};
    entry = entry + (memory_.address() + kData) + uint64_t{0} + cdw10 + cdw11;
    std::memcpy(memory_.bytes() + tail_ * 64u, padded(std::move(entry), 64).data(), 64);
    tail_++;
    std::atomic_ref<uint32_t>(doorbells_[0]).store(tail_, std::memory_order_release);
  }
  // The next completion is that of the command submitted last, with this dword 0 and status 0: SQHD
  // behind its entry, SQID 0, its id, phase 1.
  void expect(uint32_t dword0 = 0) {
    std::byte* entry = memory_.bytes() + kCompletions + head_ * 16u;
    std::atomic_ref<uint16_t> status(*reinterpret_cast<uint16_t*>(entry + 14));
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while ((status.load(std::memory_order_acquire) & 1) == 0) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      sched_yield();
    }
    head_++;
    std::atomic_ref<uint32_t>(doorbells_[1]).store(head_, std::memory_order_release);
    const auto id = static_cast<uint16_t>(tail_ - 1);
    const Bytes expected = join(dword0, uint32_t{0}, tail_, uint16_t{0}, id, uint16_t{1});
    CHECK(Bytes(entry, entry + 16) == expected);
  }
  // Identify: what is in the page afterwards.
  void expect_page(uint32_t cns, uint32_t nsid, std::initializer_list<Part> parts) {
    CAPTURE(cns);
    submit(0x06, nsid, cns);
    expect();
    CHECK(data() == page(kPage, parts));
  }
  // Get Log Page, of all namespaces.
  void expect_log(uint32_t id, uint32_t byte_length, std::initializer_list<Part> parts) {
    CAPTURE(id);
    submit(0x02, 0xffffffff, (byte_length / 4 - 1) << 16 | id);
    expect();
    CHECK(data() == page(kPage, parts));
  }

 private:
  Bytes data() const { return Bytes(memory_.bytes() + kData, memory_.bytes() + kData + kPage); }

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
    CHECK(read(4, 7, 2) == hex("0000"));
    write<uint16_t>(4, 7, 0x0404);
    // 4096 entries, contiguous queues, weighted round robin, 10 s, subsystem reset, NVM and other
    // command sets, ready with media. SPDK's target says other things here.
    const Bytes capabilities = hex("ff0f0314 30080008");
    CHECK(read(0, 0, 8) == capabilities);
    CHECK(read(8, 0, 4) == hex("00000200"));  // NVMe 2.0, SPDK's target 1.4
    CHECK(read(0, 0, 8) == capabilities);
    CHECK(read(0x14, 0, 4) == hex("00000000"));
    CHECK(read(0x1c, 0, 4) == hex("00000000"));
    write<uint64_t>(0x28, 0, memory.address());
    write<uint64_t>(0x30, 0, memory.address() + AdminQueue::kCompletions);
    write<uint32_t>(0x24, 0, 0x00ff00ff);
    write<uint32_t>(0x14, 0, 0x00460001);
    REQUIRE(wait_for_csts(1));
  }
};

// Identity and capabilities are this device's own; SPDK's target has others. They are fixed here
// because hosts keep what they derive from them.
void identify_controller(AdminQueue& admin) {
  admin.expect_page(
      1, 0,
      {{0x000, "504e 504e"},                                          // VID, SSVID
       {0x004, "5045 4552 4e56 4d30 2020 2020 2020 2020 2020 2020"},  // SN PEERNVM0
       {0x018, "7065 6572 6e76 6d20 656d 756c 6174 6f72"},            // MN peernvm emulator
       {0x028, "2020 2020 2020 2020 2020 2020 2020 2020 2020 2020 2020 2020"},
       {0x040, "302e 3120 2020 2020"},     // FR 0.1
       {0x048, "06"},                      // RAB
       {0x04d, "05"},                      // MDTS 128 KiB
       {0x050, "0000 0200"},               // VER 2.0
       {0x05c, "0001 0000"},               // OAES: namespace attributes
       {0x06f, "01"},                      // CNTRLTYPE: I/O
       {0x080, "0100 0000 0000"},          // CRDT
       {0x100, "1e01 03 03 03 36 3f 00"},  // OACS, ACL, AERL, FRMW, LPA, ELPE, NPSS
       {0x10a, "5701 6101"},               // WCTEMP, CCTEMP
       {0x118, "0000 1000"},               // TNVMCAP: 1 MiB
       {0x13c, "0100"},                    // EDSTT
       {0x13e, "01"},                      // DSTO
       {0x140, "0100"},                    // KAS
       {0x142, "0100 4301 6101"},          // HCTMA, MNTMT, MXTMT
       {0x148, "0600 0040"},               // SANICAP
       {0x160, "01"},                      // PELS
       {0x200, "66 44 0000"},              // SQES, CQES
       {0x204, "0001 0000"},               // NN
       {0x208, "df01 0100 00 07 0000"},    // ONCS, FUSES, FNA, VWC, AWUN
       {0x216, "0100"},                    // OCFS
       {0x218, "0100 0f00 0001 0000"},     // SGLS, MNAN
       {0x300,
        "6e71 6e2e 3230 3134 2d30 382e 6f72 672e 6e76 6d65 7870 7265 7373 3a75 7569 643a"
        "3736 6365 6234 3264 2d37 6261 392d 3836 3834 2d38 3731 612d 6539 6439 6133 3038"
        "6363 3133"}});  // SUBNQN
}

void identify_namespace(AdminQueue& admin) {
  admin.expect_page(2, 0, {{0, "01"}});  // active namespaces
  admin.expect_page(0, 1,
                    {{0x00, "0008"},  // NSZE, NCAP, NUSE: 2048 blocks
                     {0x08, "0008"},
                     {0x10, "0008"},
                     {0x18, "08 03 00 03 19 00"},  // NSFEAT, NLBAF, FLBAS, MC, DPC, DPS
                     {0x20, "80 09 ff00"},         // FPI, DLFEAT, NAWUN
                     {0x30, "0000 1000"},          // NVMCAP: 1 MiB
                     {0x4a, "0008 0008 0000 7f"},  // MSSRL, MCL, MSRC
                     {0x68, "76ce b52d 7ba9 6837 c71a e8d9 a308 ca60"},    // NGUID
                     {0x78, "76ce b52d 7ba9 6837"},                        // EUI64
                     {0x80, "0000 0900 0000 0c00 0800 0900 0800 0c00"}});  // LBAF
  admin.expect_page(3, 1,
                    {{0x00, "01 08 0000 76ce b52d 7ba9 6837"},                      // EUI64
                     {0x0c, "02 10 0000 76ce b52d 7ba9 6837 c71a e8d9 a308 ca60"},  // NGUID
                     {0x20, "03 10 0000 76ce b52d 7ba9 8837 871a e8d9 a308 ca60"},  // UUID
                     {0x34, "04 01 0000 00"}});                                     // CSI: NVM
  admin.expect_page(5, 1, {});  // no guard but the 16-bit one, no storage tag
}

void read_logs(AdminQueue& admin) {
  admin.expect_log(1, 64, {});  // no error yet
  // 311 K, spare 100 %, threshold 10 %, one power cycle.
  admin.expect_log(2, 512, {{1, "3701 64 0a"}, {112, "01"}});
  admin.expect_log(3, 512, {{0, "01"}, {8, "302e 3120 2020 2020"}});  // slot 1: 0.1
  admin.expect_log(5, 4096,
                   {{0x000,
                     "01000000 01000000 01000000 00000000 01000000 01000000 01000000 00000000"
                     "01000000 01000000 01000000 00000000 01000000 09000000 00000000 00000000"
                     "01000000 01000000 00000000 00000000 01000000 09000000 00000000 00000000"
                     "01000000"},
                    {0x1f0, "01000000"},
                    {0x200, "07000100"},
                    {0x210, "03000100"},
                    {0x400,
                     "01000000 03000000 01000000 00000000 03000000 01000000 00000000 00000000"
                     "03000000 03000000 00000000 00000000 01000000"},
                    {0x464, "03000000"}});
}

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
  identify_controller(admin);
  usleep(20'000);                      // nobody can wake the device: it must not have gone to sleep
  admin.submit(0x09, 0, 0x0b, 0x11f);  // Asynchronous Event Configuration
  admin.expect();
  for (int i = 0; i < 4; i++) admin.submit(0x0c);  // AERL + 1 of them, which must stay pending
  admin.submit(0x0a, 0, 0x0f);                     // Keep Alive Timer: off
  admin.expect();
  admin.submit(0x18);  // Keep Alive
  admin.expect();
  admin.expect_page(6, 0, {{1, "0d"}});     // WZSL: Write Zeroes of up to 2^13 pages
  admin.submit(0x09, 0, 0x07, 0x007f007f);  // Number of Queues: as many as asked for
  admin.expect(0x007f007f);
  identify_namespace(admin);
  read_logs(admin);

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

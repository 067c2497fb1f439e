// SPDX-License-Identifier: MIT
// Data pointers, good and bad, against real data.
#include <span>

#include "emulator/prp_walker.h"
#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kStoreBytes = 8 << 20;

PcieControllerLimits one_mebibyte() {
  PcieControllerLimits limits;
  limits.mdts = 8;
  return limits;
}

struct Reader : TestHost {
  Reader() : TestHost(one_mebibyte()) {
    ScriptedStore& store = add_namespace(kStoreBytes);
    for (uint64_t i = 0; i < kStoreBytes / 4; i++) {
      const auto word = static_cast<uint32_t>(i * 2654435761u);
      memcpy(store.memory.data() + i * 4, &word, 4);
    }
    memory = &store.memory;
    enable();
    queue = create_pair(1, 8);
  }
  uint16_t read(uint64_t lba, uint64_t byte_length, uint64_t prp1, uint64_t prp2 = 0) {
    return status_of(
        execute(queue, data_command(spec::nvm_opcode::read, 7, lba,
                                    static_cast<uint32_t>(byte_length / 512), prp1, prp2)));
  }
  std::vector<std::byte>* memory = nullptr;
  HostQueue queue;
};

TEST_CASE("a transfer begins anywhere in its first page and goes on in PRP2") {
  Reader host;
  const uint64_t first = host.allocate(4096);
  const uint64_t second = host.allocate(4096);
  for (const uint64_t offset :
       {uint64_t{0}, uint64_t{4}, uint64_t{512}, uint64_t{3584}, uint64_t{4092}}) {
    memset(host.at(first), 0xee, 8192);
    REQUIRE(host.read(3, 4096, first + offset, second) == 0);
    const uint64_t in_first = 4096 - offset;
    CHECK(memcmp(host.at(first + offset), host.memory->data() + 3 * 512, in_first) == 0);
    CHECK(memcmp(host.at(second), host.memory->data() + 3 * 512 + in_first, offset) == 0);
    if (offset > 0) CHECK(*host.at(first + offset - 1) == std::byte{0xee});
    CHECK(*host.at(second + offset) == std::byte{0xee});
  }
}

// Pages in the reverse of their order, so that nothing is contiguous by chance.
struct Pages {
  Pages(TestHost& host, size_t count) : first(host.allocate(count * 4096)) {
    for (size_t i = 0; i < count; i++) addresses.push_back(first + (count - 1 - i) * 4096);
  }
  uint64_t first;
  std::vector<uint64_t> addresses;
};

// Writes `addresses` from entry `at` of the page `list` on, chained into further pages.
void write_list(TestHost& host, uint64_t list, std::span<const uint64_t> addresses) {
  while (!addresses.empty()) {
    const size_t capacity = (4096 - list % 4096) / 8;
    auto* entries = &host.as<uint64_t>(list);
    if (addresses.size() <= capacity) {
      std::copy(addresses.begin(), addresses.end(), entries);
      return;
    }
    std::copy(addresses.begin(), addresses.begin() + static_cast<ptrdiff_t>(capacity - 1), entries);
    addresses = addresses.subspan(capacity - 1);
    list = entries[capacity - 1] = host.allocate(4096);
  }
}

void check_listed_read(Reader& host, uint64_t byte_length, uint64_t prp1_offset,
                       uint64_t list_offset) {
  CAPTURE(byte_length);
  CAPTURE(prp1_offset);
  CAPTURE(list_offset);
  Pages pages(host, (byte_length + prp1_offset + 4095) / 4096);
  const uint64_t list = host.allocate(4096) + list_offset;
  write_list(host, list, std::span(pages.addresses).subspan(1));
  REQUIRE(host.read(16, byte_length, pages.addresses[0] + prp1_offset, list) == 0);
  uint64_t done = 0;
  for (size_t i = 0; i < pages.addresses.size(); i++) {
    const uint64_t offset = i == 0 ? prp1_offset : 0;
    const uint64_t length = std::min(4096 - offset, byte_length - done);
    REQUIRE(memcmp(host.at(pages.addresses[i] + offset), host.memory->data() + 8192 + done,
                   length) == 0);
    done += length;
  }
  CHECK(done == byte_length);
}

TEST_CASE("PRP lists of every shape name the pages they should") {
  Reader host;
  check_listed_read(host, 3 * 4096, 0, 0);
  check_listed_read(host, 2 * 4096, 512, 0);
  check_listed_read(host, 64 * 4096, 0, 0);
  check_listed_read(host, 1 << 20, 0, 0);  // the largest transfer: 255 entries
  check_listed_read(host, 1 << 20, 2048, 8);
}

TEST_CASE("PRP list limited to one page: a chained list goes on") {
  Reader host;
  check_listed_read(host, 3 * 4096, 0, 4096 - 16);  // two entries fit: no chain
  check_listed_read(host, 4 * 4096, 0, 4096 - 16);  // three do not
  check_listed_read(host, 5 * 4096, 0, 4096 - 8);   // the first page holds only the pointer
  check_listed_read(host, 1 << 20, 1024, 4096 - 64);
}

TEST_CASE("a transfer of 4 MiB walks three list pages") {
  PcieControllerLimits limits;
  limits.mdts = 10;
  TestHost host(limits);
  host.add_namespace(8 << 20);
  host.enable();
  HostQueue queue = host.create_pair(1, 4);
  Pages pages(host, 1024);
  for (size_t i = 0; i < 1024; i++) host.as<uint64_t>(pages.addresses[i]) = i;
  const uint64_t list = host.allocate(4096);
  write_list(host, list, std::span(pages.addresses).subspan(1));
  REQUIRE(TestHost::status_of(
              host.execute(queue, TestHost::data_command(spec::nvm_opcode::write, 1, 0, 8192,
                                                         pages.addresses[0], list))) == 0);
  auto* store = reinterpret_cast<uint64_t*>(host.subsystem.find_namespace(1)->store->bytes());
  for (size_t i = 0; i < 1024; i++) REQUIRE(store[i * 512] == i);
}

TEST_CASE("misaligned PRP entries are PRP Offset Invalid") {
  Reader host;
  const uint64_t page = host.allocate(16384);
  const uint64_t list = host.allocate(4096);
  CHECK(host.read(0, 512, page + 2) == spec::status::invalid_prp_offset);
  CHECK(host.read(0, 8192, page, page + 4096 + 8) == spec::status::invalid_prp_offset);
  CHECK(host.read(0, 12288, page, list + 4) == spec::status::invalid_prp_offset);
  host.as<uint64_t>(list) = page + 4096;
  host.as<uint64_t>(list + 8) = page + 8192 + 512;
  CHECK(host.read(0, 12288, page, list) == spec::status::invalid_prp_offset);
  host.as<uint64_t>(list + 4088) = list + 8;
  CHECK(host.read(0, 12288, page, list + 4088) == spec::status::invalid_prp_offset);
}

TEST_CASE("addresses outside the domain are a Data Transfer Error, never a crash") {
  Reader host;
  const uint64_t page = host.allocate(16384);
  const uint64_t list = host.allocate(4096);
  for (const uint64_t bad : {uint64_t{0}, uint64_t{0x1000}, kMemoryAddress - 4096,
                             kMemoryAddress + (24 << 20), uint64_t{0xfffffffffffff000}}) {
    CAPTURE(bad);
    CHECK(host.read(0, 512, bad) == spec::status::data_transfer_error);
    CHECK(host.read(0, 8192, page, bad) == spec::status::data_transfer_error);
    CHECK(host.read(0, 12288, page, bad) == spec::status::data_transfer_error);
    host.as<uint64_t>(list) = page + 4096;
    host.as<uint64_t>(list + 8) = bad;
    CHECK(host.read(0, 12288, page, list) == spec::status::data_transfer_error);
  }
  CHECK(host.read(0, 512, page) == 0);
}

TEST_CASE("memory that the device may not write is not written") {
  Reader host;
  std::vector<std::byte> memory(4096, std::byte{1});
  REQUIRE(host.controller.domain().add({0x1000, 4096, memory.data(), false, false}));
  CHECK(host.read(0, 512, 0x1000) == spec::status::data_transfer_error);
  CHECK(memory[0] == std::byte{1});
  CHECK(TestHost::status_of(host.execute(
            host.queue, TestHost::data_command(spec::nvm_opcode::write, 1, 0, 1, 0x1000))) == 0);
}

TEST_CASE("random data pointers end in a status and write nothing outside the domain") {
  Reader host;
  const uint64_t area = host.allocate(1 << 20);
  uint64_t state = 1;
  const auto random = [&] { return state = state * 6364136223846793005u + 1442695040888963407u; };
  for (int round = 0; round < 3000; round++) {
    for (int i = 0; i < 512; i += 7)
      host.as<uint64_t>(area + (random() >> 44) % 131072 * 8) =
          area + (random() >> 40) % 300 * 4096 + (random() >> 60 == 0 ? 8 : 0);
    const uint64_t prp1 = area + (random() >> 40) % (1 << 20);
    const uint64_t prp2 = area + (random() >> 40) % (1 << 20) / 8 * 8;
    const uint64_t blocks = 1 + (random() >> 40) % 2048;
    host.submit(host.queue, TestHost::data_command(spec::nvm_opcode::write, 1, 0,
                                                   static_cast<uint32_t>(blocks), prp1, prp2));
    host.step_all();
    const uint16_t status = TestHost::status_of(host.take_completion(host.queue));
    REQUIRE((status == 0 || status == spec::status::data_transfer_error ||
             status == spec::status::invalid_prp_offset));
  }
}

}  // namespace
}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// Scatter gather lists, good and bad, against real data.
#include "emulator/sgl_walker.h"

#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

constexpr uint64_t kStoreBytes = 1 << 20;
using Descriptors = std::vector<spec::SglDescriptor>;

spec::SglDescriptor make(uint8_t type, uint64_t address, uint32_t length, uint8_t subtype = 0) {
  spec::SglDescriptor descriptor{};
  descriptor.address = address;
  descriptor.length = length;
  descriptor.identifier = static_cast<uint8_t>(spec::sgl_identifier::type.put(type) |
                                               spec::sgl_identifier::subtype.put(subtype));
  return descriptor;
}
spec::SglDescriptor block(uint64_t address, uint32_t length) {
  return make(spec::sgl_descriptor_type::data_block, address, length);
}
spec::SglDescriptor bucket(uint32_t length) {
  return make(spec::sgl_descriptor_type::bit_bucket, 0, length);
}

struct Scattered : TestHost {
  Scattered() {
    store = &add_namespace(kStoreBytes);
    for (uint64_t i = 0; i < kStoreBytes; i++) {
      store->memory[i] = static_cast<std::byte>(i * 131 >> 3);
    }
    enable();
    queue = create_pair(1, 8);
    data = allocate(64 << 10);
  }
  // `list` in the host's memory, as a descriptor that leads to it.
  spec::SglDescriptor segment(const Descriptors& list, bool last = true) {
    const uint64_t address = allocate(list.size() * 16);
    memcpy(at(address), list.data(), list.size() * 16);
    return make(last ? spec::sgl_descriptor_type::last_segment : spec::sgl_descriptor_type::segment,
                address, static_cast<uint32_t>(list.size() * 16));
  }
  uint16_t run(uint8_t opcode, uint32_t block_count, const spec::SglDescriptor& descriptor) {
    auto sqe = data_command(opcode, 1, 8, block_count, 0);
    memcpy(&sqe.prp1, &descriptor, sizeof(descriptor));
    sqe.flags = spec::sqe_flags::psdt.put(spec::data_pointer::sgl_metadata_buffer);
    return status_of(execute(queue, sqe));
  }
  uint16_t read(uint32_t block_count, const spec::SglDescriptor& descriptor) {
    return run(spec::nvm_opcode::read, block_count, descriptor);
  }
  const std::byte* stored(uint64_t offset = 0) { return store->memory.data() + 8 * 512 + offset; }

  ScriptedStore* store;
  HostQueue queue;
  uint64_t data;
};

TEST_CASE("one data block in the command, at any byte") {
  Scattered host;
  CHECK(host.read(2, block(host.data + 3, 1024)) == 0);
  CHECK(memcmp(host.at(host.data + 3), host.stored(), 1024) == 0);
}

TEST_CASE("a write gathers, a read scatters, over segments of any length") {
  Scattered host;
  Descriptors first = {block(host.data + 1, 100), block(host.data + 8000, 400)};
  Descriptors second;
  for (uint32_t i = 0; i < 100; i++) second.push_back(block(host.data + 10'000 + i * 64, 5));
  second.push_back(block(host.data + 20'000, 24));
  first.push_back(host.segment(second));
  const auto list = host.segment(first, false);
  REQUIRE(host.read(2, list) == 0);
  CHECK(memcmp(host.at(host.data + 1), host.stored(), 100) == 0);
  CHECK(memcmp(host.at(host.data + 8000), host.stored(100), 400) == 0);
  for (uint32_t i = 0; i < 100; i++) {
    CHECK(memcmp(host.at(host.data + 10'000 + i * 64), host.stored(500 + i * 5), 5) == 0);
  }
  CHECK(memcmp(host.at(host.data + 20'000), host.stored(1000), 24) == 0);
  const std::vector<std::byte> before(host.stored(), host.stored(1024));
  memset(host.store->memory.data() + 8 * 512, 0, 1024);
  REQUIRE(host.run(spec::nvm_opcode::write, 2, list) == 0);
  CHECK(memcmp(host.stored(), before.data(), 1024) == 0);
}

TEST_CASE("a bit bucket takes what the host does not want, and gives nothing to a write") {
  Scattered host;
  memset(host.at(host.data), 0xee, 4096);
  const auto list = host.segment({block(host.data, 100), bucket(300), block(host.data + 100, 112)});
  CHECK(host.read(1, list) == 0);
  CHECK(memcmp(host.at(host.data), host.stored(), 100) == 0);
  CHECK(memcmp(host.at(host.data + 100), host.stored(400), 112) == 0);
  CHECK(*host.at(host.data + 212) == std::byte{0xee});
  const auto written = host.segment({block(host.data, 100), bucket(300), block(host.data, 412)});
  CHECK(host.run(spec::nvm_opcode::write, 1, written) == 0);
}

TEST_CASE("data after a bit bucket does not continue it, wherever it is") {
  constexpr uint64_t kLength = 0x1000;
  Transfer transfer;
  transfer.append({nullptr, kLength});
  transfer.append({reinterpret_cast<std::byte*>(kLength), 64});  // as if null went on there
  REQUIRE(transfer.segments().size() == 2);
  CHECK(transfer.segments()[0].byte_length == kLength);
}

TEST_CASE("a list may be longer than the data, not shorter") {
  Scattered host;
  CHECK(host.read(1, block(host.data, 8192)) == 0);
  CHECK(host.read(1, block(host.data, 511)) == spec::status::data_sgl_length_invalid);
  CHECK(host.read(1, host.segment({block(host.data, 100), block(host.data, 411)})) ==
        spec::status::data_sgl_length_invalid);
  CHECK(host.read(1, host.segment({block(host.data, 0), block(host.data, 512)})) == 0);
}

TEST_CASE("types and subtypes that are not supported") {
  Scattered host;
  for (const uint8_t type : {4, 5, 8, 15}) {
    CHECK(host.read(1, make(type, host.data, 512)) == spec::status::sgl_descriptor_type_invalid);
    CHECK(host.read(1, host.segment({make(type, host.data, 512)})) ==
          spec::status::sgl_descriptor_type_invalid);
  }
  CHECK(host.read(1, make(spec::sgl_descriptor_type::data_block, host.data, 512,
                          spec::sgl_descriptor_subtype::offset)) ==
        spec::status::sgl_descriptor_type_invalid);
}

TEST_CASE("segments that cannot be: empty, of a broken length, misaligned, behind the last") {
  Scattered host;
  constexpr uint16_t kInvalid = spec::status::invalid_sgl_segment_descriptor;
  constexpr uint8_t kLast = spec::sgl_descriptor_type::last_segment;
  CHECK(host.read(1, make(kLast, host.data, 0)) == kInvalid);
  CHECK(host.read(1, make(kLast, host.data, 24)) == kInvalid);
  CHECK(host.read(1, make(kLast, host.data + 4, 16)) == kInvalid);
  CHECK(host.read(1, host.segment({block(host.data, 1), make(kLast, host.data, 16)})) == kInvalid);
}

TEST_CASE("a descriptor that leads on stands at the end of its segment") {
  Scattered host;
  const auto next = host.segment({block(host.data, 512)});
  CHECK(host.read(1, host.segment({next, block(host.data, 512)}, false)) ==
        spec::status::invalid_number_of_sgl_descriptors);
}

TEST_CASE("a list that leads back to itself ends") {
  Scattered host;
  const uint64_t address = host.allocate(16);
  auto loop = make(spec::sgl_descriptor_type::segment, address, 16);
  memcpy(host.at(address), &loop, 16);
  CHECK(host.read(1, loop) == spec::status::invalid_number_of_sgl_descriptors);
}

TEST_CASE("what the domain does not have is a transfer error") {
  Scattered host;
  CHECK(host.read(1, block(0x1000, 512)) == spec::status::data_transfer_error);
  CHECK(host.read(1, make(spec::sgl_descriptor_type::last_segment, 0x1000, 16)) ==
        spec::status::data_transfer_error);
}

TEST_CASE("a data block may span regions that lie side by side") {
  Scattered host;
  const uint64_t end = kMemoryAddress + (24 << 20);
  std::vector<std::byte> more(4096);
  REQUIRE(host.controller.domain().add({end, 4096, more.data(), false, true}));
  CHECK(host.read(2, block(end - 512, 1024)) == 0);
  CHECK(memcmp(host.at(end - 512), host.stored(), 512) == 0);
  CHECK(memcmp(more.data(), host.stored(512), 512) == 0);
  REQUIRE(host.controller.domain().remove(end, 4096));
}

TEST_CASE("admin commands and reserved pointers take no SGL") {
  Scattered host;
  spec::SubmissionQueueEntry identify{};
  identify.opc = spec::admin_opcode::identify;
  identify.cdw10 = 1;
  identify.prp1 = host.data;
  identify.flags = spec::sqe_flags::psdt.put(1);
  CHECK(TestHost::status_of(host.execute_admin(identify)) == spec::status::invalid_field);
  auto sqe = TestHost::data_command(spec::nvm_opcode::read, 1, 0, 1, host.data);
  sqe.flags = spec::sqe_flags::psdt.put(3);
  CHECK(TestHost::status_of(host.execute(host.queue, sqe)) == spec::status::invalid_field);
}

TEST_CASE("metadata by descriptor: found, too short, misaligned") {
  std::vector<std::byte> memory(8192);
  Domain domain;
  REQUIRE(domain.add({0x10000, 8192, memory.data(), false, true}));
  const auto put = [&](const spec::SglDescriptor& descriptor) {
    memcpy(memory.data(), &descriptor, sizeof(descriptor));
  };
  Transfer transfer;
  const auto walk = [&](uint64_t address) {
    return walk_sgl_at(domain, address, 64, Direction::ToHost,
                       spec::status::metadata_sgl_length_invalid, transfer) &
           ~spec::status::dnr;
  };
  put(block(0x11000, 64));
  CHECK(walk(0x10000) == 0);
  REQUIRE(transfer.segments().size() == 1);
  CHECK(transfer.segments()[0].bytes == memory.data() + 4096);
  put(block(0x11000, 63));
  CHECK(walk(0x10000) == spec::status::metadata_sgl_length_invalid);
  CHECK(walk(0x10004) == spec::status::invalid_sgl_segment_descriptor);
}

}  // namespace
}  // namespace nvm::emulator

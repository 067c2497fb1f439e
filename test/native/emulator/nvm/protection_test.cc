// SPDX-License-Identifier: MIT
// Protection information: its CRC, and what is checked, made and let through.
#include "emulator/nvm/protection.h"

#include "emulator/nvm/executor_host.h"

namespace nvm::emulator {
namespace {

using namespace spec::nvm_opcode;

constexpr NamespaceFormat kFormats[] = {
    {2, false, 1, false}, {2, true, 1, true}, {3, false, 1, true}, {3, true, 1, false}};

uint16_t crc(const Bytes& bytes) {
  return crc16_t10dif(bytes);
}

// Bit by bit, as the polynomial says it.
uint16_t slow_crc(const Bytes& bytes) {
  unsigned crc = 0;
  for (const std::byte byte : bytes) {
    for (int bit = 7; bit >= 0; bit--) {
      const unsigned in = (std::to_integer<unsigned>(byte) >> bit & 1) ^ (crc >> 15 & 1);
      crc = (crc << 1 & 0xffff) ^ (in != 0 ? 0x8bb7 : 0);
    }
  }
  return static_cast<uint16_t>(crc);
}

// One block as its host makes it, data and metadata where the format wants them.
struct HostBlocks {
  HostBlocks(const NamespaceFormat& wanted, uint32_t count)
      : format(wanted),
        data(count * (format.data_byte_length() + (format.extended ? 8 : 0))),
        metadata(format.extended ? 0 : count * 8) {}
  std::byte* block(uint32_t i) {
    return data.data() + i * (format.data_byte_length() + (format.extended ? 8 : 0));
  }
  uint8_t* information(uint32_t i) {
    return reinterpret_cast<uint8_t*>(format.extended ? block(i) + format.data_byte_length()
                                                      : metadata.data() + i * 8);
  }
  void fill(uint32_t i, unsigned seed, uint16_t application_tag, uint32_t reference_tag) {
    const Bytes bytes = bytes_of(format.data_byte_length(), seed);
    memcpy(block(i), bytes.data(), bytes.size());
    const uint16_t guard = slow_crc(bytes);
    const uint8_t made[8] = {
        static_cast<uint8_t>(guard >> 8),           static_cast<uint8_t>(guard),
        static_cast<uint8_t>(application_tag >> 8), static_cast<uint8_t>(application_tag),
        static_cast<uint8_t>(reference_tag >> 24),  static_cast<uint8_t>(reference_tag >> 16),
        static_cast<uint8_t>(reference_tag >> 8),   static_cast<uint8_t>(reference_tag)};
    memcpy(information(i), made, sizeof(made));
  }
  const NamespaceFormat format;
  Bytes data;
  Bytes metadata;
};

spec::SubmissionQueueEntry entry(uint8_t opcode, uint64_t lba, uint32_t count, uint8_t bits,
                                 uint16_t tag = 0, uint16_t mask = 0xffff) {
  auto sqe = ExecutorHost::entry(opcode, lba, count, prinfo(bits));
  sqe.cdw14 = static_cast<uint32_t>(lba);
  sqe.cdw15 = static_cast<uint32_t>(mask) << 16 | tag;
  return sqe;
}

TEST_CASE("CRC-16 T10-DIF of the vectors that T10 has published") {
  Bytes rising(32), falling(32), pair(32);
  for (unsigned i = 0; i < 32; i++) {
    rising[i] = static_cast<std::byte>(i);
    falling[i] = static_cast<std::byte>(0xff - i);
  }
  pair[0] = pair[1] = std::byte{0xff};
  CHECK(crc(Bytes(32)) == 0x0000);
  CHECK(crc(Bytes(32, std::byte{0xff})) == 0xa293);
  CHECK(crc(rising) == 0x0224);
  CHECK(crc(pair) == 0x21b8);
  CHECK(crc(falling) == 0xa0b7);
  const char* text = "123456789";
  CHECK(crc(Bytes(reinterpret_cast<const std::byte*>(text),
                  reinterpret_cast<const std::byte*>(text) + 9)) == 0xd0db);
}

TEST_CASE("the CRC is the same at every length and in parts") {
  for (size_t length = 0; length < 70; length++) {
    const Bytes bytes = bytes_of(length, static_cast<unsigned>(length));
    CHECK(crc(bytes) == slow_crc(bytes));
    const std::span<const std::byte> all(bytes);
    CHECK(crc16_t10dif(all.subspan(length / 3), crc16_t10dif(all.first(length / 3))) == crc(bytes));
  }
}

TEST_CASE("information that the host made goes through and comes back") {
  for (const NamespaceFormat& format : kFormats) {
    ExecutorHost host(format, 64);
    HostBlocks sent(format, 3);
    for (uint32_t i = 0; i < 3; i++) sent.fill(i, 40 + i, 0x1234, 5 + i);
    REQUIRE(host.run(entry(write, 5, 3, kCheckAll, 0x1234), sent.data, sent.metadata) == 0);
    HostBlocks got(format, 3);
    REQUIRE(host.run(entry(read, 5, 3, kCheckAll, 0x1234), got.data, got.metadata) == 0);
    CHECK(got.data == sent.data);
    CHECK(got.metadata == sent.metadata);
    CHECK(host.run(entry(verify, 5, 3, kCheckAll, 0x1234)) == 0);
    CHECK(host.run(entry(compare, 5, 3, kCheckAll, 0x1234), sent.data, sent.metadata) == 0);
    CHECK(host.run(entry(verify, 5, 3, kApplication, 0x1235)) ==
          spec::status::application_tag_check_error);
    CHECK(host.run(entry(verify, 5, 3, kApplication, 0x12ff, 0xff00)) == 0);
  }
}

TEST_CASE("with PRACT the controller inserts and strips, and the host moves no metadata") {
  for (const NamespaceFormat& format : kFormats) {
    ExecutorHost host(format, 64);
    Bytes sent = bytes_of(3 * format.data_byte_length(), 9);
    REQUIRE(host.run(entry(write, 7, 3, kPract, 0xbeef), sent) == 0);
    Bytes got(sent.size());
    REQUIRE(host.run(entry(read, 7, 3, kPract | kCheckAll, 0xbeef), got) == 0);
    CHECK(got == sent);
    HostBlocks shown(format, 3);
    REQUIRE(host.run(entry(read, 7, 3, kCheckAll, 0xbeef), shown.data, shown.metadata) == 0);
    HostBlocks wanted(format, 3);
    for (uint32_t i = 0; i < 3; i++) {
      memcpy(wanted.block(i), sent.data() + i * format.data_byte_length(),
             format.data_byte_length());
      const uint16_t guard =
          slow_crc(Bytes(wanted.block(i), wanted.block(i) + format.data_byte_length()));
      CHECK(shown.information(i)[0] == guard >> 8);
      CHECK(shown.information(i)[1] == (guard & 0xff));
      CHECK(shown.information(i)[2] == 0xbe);
      CHECK(shown.information(i)[7] == 7 + i);
    }
  }
}

TEST_CASE("each check finds its own error, on writes and on reads, and only when it is asked for") {
  const struct {
    int byte;
    uint8_t check;
    uint16_t status;
  } kErrors[] = {{1, kGuard, spec::status::guard_check_error},
                 {3, kApplication, spec::status::application_tag_check_error},
                 {7, kReference, spec::status::reference_tag_check_error}};
  for (const NamespaceFormat& format : kFormats) {
    for (const auto& error : kErrors) {
      ExecutorHost host(format, 64);
      HostBlocks sent(format, 2);
      for (uint32_t i = 0; i < 2; i++) sent.fill(i, i, 0x0101, 3 + i);
      sent.information(1)[error.byte] ^= 0x40;
      CHECK(host.run(entry(write, 3, 2, kCheckAll, 0x0101), sent.data, sent.metadata) ==
            error.status);
      REQUIRE(host.run(entry(write, 3, 2, kCheckAll & ~error.check, 0x0101), sent.data,
                       sent.metadata) == 0);
      HostBlocks got(format, 2);
      for (const uint8_t opcode : {read, verify}) {
        HostBlocks none(format, 0);
        HostBlocks& memory = opcode == read ? got : none;
        CHECK(host.run(entry(opcode, 3, 2, error.check, 0x0101), memory.data, memory.metadata) ==
              error.status);
        CHECK(host.run(entry(opcode, 3, 2, kCheckAll & ~error.check, 0x0101), memory.data,
                       memory.metadata) == 0);
      }
    }
  }
}

TEST_CASE("an application tag of FFFFh switches the checks of its block off") {
  ExecutorHost host({2, false, 1, false}, 64);
  HostBlocks sent({2, false, 1, false}, 1);
  sent.fill(0, 1, 0xffff, 99);
  sent.information(0)[0] ^= 1;
  REQUIRE(host.run(entry(write, 3, 1, kCheckAll, 1), sent.data, sent.metadata) == 0);
  CHECK(host.run(entry(verify, 3, 1, kCheckAll, 1)) == 0);
}

TEST_CASE("blocks that were never written, or deallocated, have all ones and fail no check") {
  for (const NamespaceFormat& format : kFormats) {
    ExecutorHost host(format, 64);
    const auto shows_all_ones = [&] {
      HostBlocks got(format, 1);
      REQUIRE(host.run(entry(read, 3, 1, kCheckAll, 1), got.data, got.metadata) == 0);
      for (int i = 0; i < 8; i++) CHECK(got.information(0)[i] == 0xff);
      CHECK(Bytes(got.block(0), got.block(0) + 512) == Bytes(512));
    };
    shows_all_ones();
    Bytes sent = bytes_of(format.data_byte_length(), 9);
    REQUIRE(host.run(entry(write, 3, 1, kPract, 1), sent) == 0);
    auto sqe = ExecutorHost::entry(dataset_management, 0, 1);
    sqe.cdw10 = 0;
    sqe.cdw11 = spec::dataset_management_cdw11::ad.mask;
    const spec::DatasetManagementRange range{0, 1, 3};
    Bytes ranges(sizeof(range));
    memcpy(ranges.data(), &range, sizeof(range));
    REQUIRE(host.run(sqe, ranges) == 0);
    shows_all_ones();
  }
}

TEST_CASE("a reference tag that is to be checked and is not the LBA's is refused") {
  ExecutorHost host({2, false, 1, false}, 64);
  HostBlocks blocks({2, false, 1, false}, 1);
  for (const uint8_t opcode : {read, write, compare}) {
    auto sqe = entry(opcode, 3, 1, kReference);
    sqe.cdw14 = 4;
    CHECK(host.run(sqe, blocks.data, blocks.metadata) ==
          spec::status::invalid_protection_information);
  }
  auto sqe = entry(verify, 3, 1, kReference);
  sqe.cdw14 = 4;
  CHECK(host.run(sqe) == spec::status::invalid_protection_information);
  // Nobody looks at it otherwise.
  sqe.cdw12 = prinfo(kGuard);
  CHECK(host.run(sqe) == 0);
}

TEST_CASE("PRACT means nothing for Compare and Verify and is refused") {
  ExecutorHost host({2, false, 1, false}, 64);
  Bytes data(512);
  CHECK(host.run(entry(verify, 3, 1, kPract)) == spec::status::invalid_protection_information);
  CHECK(host.run(entry(compare, 3, 1, kPract), data) ==
        spec::status::invalid_protection_information);
}

TEST_CASE("Write Zeroes makes protection information of zeroes, or as PRACT says") {
  for (const bool deallocates : {false, true}) {
    const NamespaceFormat format{2, false, 1, false};
    ExecutorHost host(format, 64);
    const uint32_t deac = deallocates ? spec::write_zeroes_cdw12::deac.mask : 0;
    auto sqe = entry(write_zeroes, 3, 2, kPract, 0xabcd);
    sqe.cdw12 |= deac;
    REQUIRE(host.run(sqe) == 0);
    HostBlocks got(format, 2);
    REQUIRE(host.run(entry(read, 3, 2, kCheckAll, 0xabcd), got.data, got.metadata) == 0);
    HostBlocks wanted(format, 2);
    for (uint32_t i = 0; i < 2; i++) {
      const uint8_t made[8] = {0, 0, 0xab, 0xcd, 0, 0, 0, static_cast<uint8_t>(3 + i)};
      memcpy(wanted.information(i), made, sizeof(made));
    }
    CHECK(got.metadata == wanted.metadata);
    sqe.cdw12 = 1 | deac;
    REQUIRE(host.run(sqe) == 0);
    REQUIRE(host.run(entry(read, 3, 2, 0), got.data, got.metadata) == 0);
    CHECK(got.metadata == Bytes(16));
    sqe.cdw12 = 1 | deac | prinfo(kGuard);
    CHECK(host.run(sqe) == spec::status::invalid_protection_information);
  }
}

TEST_CASE("a namespace without protection ignores PRINFO, and its metadata is the host's own") {
  for (const bool extended : {false, true}) {
    const NamespaceFormat format{2, extended, 0, false};
    ExecutorHost host(format, 64);
    HostBlocks sent(format, 2);
    sent.data = bytes_of(sent.data.size(), 1);
    sent.metadata = bytes_of(sent.metadata.size(), 2);
    auto sqe = entry(write, 3, 2, kPract | kCheckAll);
    sqe.cdw14 = 77;
    REQUIRE(host.run(sqe, sent.data, sent.metadata) == 0);
    HostBlocks got(format, 2);
    sqe.opc = read;
    REQUIRE(host.run(sqe, got.data, got.metadata) == 0);
    CHECK(got.data == sent.data);
    CHECK(got.metadata == sent.metadata);
    HostBlocks fresh(format, 1);
    fresh.data = bytes_of(fresh.data.size(), 1);
    fresh.metadata = bytes_of(fresh.metadata.size(), 1);
    REQUIRE(host.run(entry(read, 9, 1, 0), fresh.data, fresh.metadata) == 0);
    CHECK(fresh.data == Bytes(fresh.data.size()));
    CHECK(fresh.metadata == Bytes(fresh.metadata.size()));
  }
}

}  // namespace
}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
#include "vfio_user/message.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "vfio_user/wire.h"

using namespace nvm::vfio_user;
using namespace nvm::vfio_user::test;

namespace {

// The errno with which a request is refused; 0 when it is not.
int refusal(CommandCode code, const Bytes& payload, size_t fd_count = 0) {
  Request request = parse_request(command(code, payload), payload, fd_count);
  auto* refused = std::get_if<Refused>(&request);
  return refused ? refused->os_error : 0;
}

std::optional<Header> header_of(uint32_t byte_length, uint32_t flags) {
  Header header{1, 1, byte_length, flags, 0};
  return parse_header(std::span<const std::byte, sizeof(Header)>(as_bytes_of(header)));
}

}  // namespace

TEST_CASE("a header with a length out of bounds, or of an unknown type, ends the connection") {
  CHECK(header_of(16, 0));
  CHECK(header_of(kMessageByteLengthMax, 0));
  CHECK(header_of(16, header_flag::no_reply));
  CHECK_FALSE(header_of(0, 0));
  CHECK_FALSE(header_of(15, 0));
  CHECK_FALSE(header_of(kMessageByteLengthMax + 1, 0));
  CHECK_FALSE(header_of(0xffffffff, 0));
  CHECK(header_of(16, header_flag::type_reply));
  CHECK_FALSE(header_of(16, 2));
  CHECK_FALSE(header_of(16, 7));
}

TEST_CASE("requests shorter than their fixed part are refused") {
  struct Row {
    CommandCode code;
    size_t byte_length;
  };
  const Row rows[] = {{CommandCode::Version, 4},           {CommandCode::DmaMap, 32},
                      {CommandCode::DmaUnmap, 24},         {CommandCode::DeviceGetInfo, 16},
                      {CommandCode::DeviceGetIrqInfo, 16}, {CommandCode::DeviceGetRegionInfo, 32},
                      {CommandCode::DeviceSetIrqs, 20},    {CommandCode::RegionRead, 16},
                      {CommandCode::RegionWrite, 16}};
  for (const Row& row : rows) {
    for (size_t byte_length = 0; byte_length < row.byte_length; byte_length++) {
      CAPTURE(static_cast<int>(row.code));
      CHECK(refusal(row.code, Bytes(byte_length, std::byte{0xff})) == EINVAL);
    }
  }
}

TEST_CASE("VERSION: with and without JSON, which must end in NUL") {
  CHECK(refusal(CommandCode::Version, join(VersionBody{0, 1})) == 0);
  CHECK(refusal(CommandCode::Version, with_tail(join(VersionBody{0, 0}), join("{}"))) == 0);
  CHECK(refusal(CommandCode::Version, join(VersionBody{0, 0}, '{')) == EINVAL);
  CHECK(refusal(CommandCode::Version, join(VersionBody{1, 0})) == EINVAL);
}

TEST_CASE("DMA_MAP: flags, page granularity and wrap-around") {
  struct Row {
    DmaMapBody body;
    size_t fd_count;
    int expected;
  };
  const Row rows[] = {
      {{32, 3, 0, 0x1000, 0x1000}, 1, 0},
      {{32, 3, 0, 0x1000, 0x1000}, 0, 0},
      {{32, 1, 0x2000, 0, 0x1000}, 1, 0},
      {{32, 3, 0, 0xfffffffffffff000, 0x1000}, 0, 0},
      {{32, 3, 0, 0xfffffffffffff000, 0x2000}, 0, EINVAL},
      {{32, 3, 0xfffffffffffff000, 0x1000, 0x2000}, 1, EINVAL},
      {{32, 3, 1, 0x1000, 0x1000}, 1, EINVAL},
      {{32, 3, 0, 0x1001, 0x1000}, 1, EINVAL},
      {{32, 3, 0, 0x1000, 0x1001}, 1, EINVAL},
      {{32, 3, 0, 0x1000, 0}, 1, EINVAL},
      {{32, 0, 0, 0x1000, 0x1000}, 1, EINVAL},
      {{32, 4, 0, 0x1000, 0x1000}, 1, EINVAL},
      {{31, 3, 0, 0x1000, 0x1000}, 1, EINVAL},
      {{32, 3, 0, 0x1000, 0x1000}, 2, EINVAL},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body.address);
    CAPTURE(row.body.byte_length);
    CHECK(refusal(CommandCode::DmaMap, join(row.body), row.fd_count) == row.expected);
  }
}

TEST_CASE("DMA_UNMAP: one region, or all, but no dirty bitmap") {
  CHECK(refusal(CommandCode::DmaUnmap, join(DmaUnmapBody{24, 0, 0x1000, 0x1000})) == 0);
  CHECK(refusal(CommandCode::DmaUnmap, join(DmaUnmapBody{24, 2, 0, 0})) == 0);
  CHECK(refusal(CommandCode::DmaUnmap, join(DmaUnmapBody{24, 2, 0x1000, 0x1000})) == EINVAL);
  CHECK(refusal(CommandCode::DmaUnmap, join(DmaUnmapBody{24, 1, 0x1000, 0x1000})) == ENOTSUP);
  CHECK(refusal(CommandCode::DmaUnmap, join(DmaUnmapBody{24, 0, 0x1000, 0})) == EINVAL);
  CHECK(refusal(CommandCode::DmaUnmap, join(DmaUnmapBody{24, 0, 1, 0x1000})) == EINVAL);
  CHECK(refusal(CommandCode::DmaUnmap, join(DmaUnmapBody{24, 4, 0x1000, 0x1000})) == EINVAL);
}

TEST_CASE("SET_IRQS: one kind of data, one action, and data for every vector") {
  struct Row {
    uint32_t flags;
    uint32_t start;
    uint32_t count;
    size_t data_byte_length;
    size_t fd_count;
    int expected;
  };
  const Row rows[] = {
      {4 | 32, 0, 2, 0, 2, 0},
      {4 | 32, 0, 2, 0, 0, 0},
      {4 | 32, 0, 2, 0, 1, EINVAL},
      {4 | 32, 0, 2, 0, 3, EINVAL},
      {4 | 8, 0, 1, 0, 1, ENOTSUP},
      {1 | 8, 0, 2, 0, 0, 0},
      {2 | 16, 0, 2, 2, 0, 0},
      {2 | 16, 0, 2, 1, 0, EINVAL},
      {1 | 2 | 32, 0, 2, 2, 0, EINVAL},
      {1, 0, 2, 0, 0, EINVAL},
      {32, 0, 2, 0, 0, EINVAL},
      {1 | 8 | 16, 0, 2, 0, 0, EINVAL},
      {1 | 32 | 64, 0, 2, 0, 0, EINVAL},
      {1 | 32, 2, 0xffffffff, 0, 0, EINVAL},
      {2 | 32, 0, 0xffffffff, 8, 0, EINVAL},
  };
  for (const Row& row : rows) {
    CAPTURE(row.flags);
    CAPTURE(row.count);
    Bytes payload = with_tail(join(IrqSetBody{20, row.flags, 2, row.start, row.count}),
                              zeros(row.data_byte_length));
    CHECK(refusal(CommandCode::DeviceSetIrqs, payload, row.fd_count) == row.expected);
  }
}

TEST_CASE("REGION_READ and REGION_WRITE: counts within bounds and within the message") {
  CHECK(refusal(CommandCode::RegionRead, join(RegionAccessBody{0, 0, 4})) == 0);
  CHECK(refusal(CommandCode::RegionRead, join(RegionAccessBody{0, 0, 0})) == EINVAL);
  CHECK(refusal(CommandCode::RegionRead, join(RegionAccessBody{0, 0, kDataByteLengthMax + 1})) ==
        EINVAL);
  CHECK(refusal(CommandCode::RegionWrite, join(RegionAccessBody{0, 0, 4}, uint32_t{7})) == 0);
  CHECK(refusal(CommandCode::RegionWrite, join(RegionAccessBody{0, 0, 5}, uint32_t{7})) == EINVAL);
  CHECK(refusal(CommandCode::RegionWrite, join(RegionAccessBody{0, 0, 0}, uint32_t{7})) == EINVAL);
  CHECK(refusal(CommandCode::RegionWrite, join(RegionAccessBody{0, 0, 0xffffffff})) == EINVAL);
}

TEST_CASE("requests may be longer than they need to be, zero padded") {
  CHECK(refusal(CommandCode::DeviceGetInfo,
                with_tail(join(DeviceInfoBody{16, 0, 0, 0}), zeros(9))) == 0);
  Bytes payload = with_tail(join(RegionInfoBody{4064, 0, 0, 0, 0, 0}), zeros(4032));
  CHECK(refusal(CommandCode::DeviceGetRegionInfo, payload) == 0);
  CHECK(refusal(CommandCode::DeviceReset, zeros(8)) == 0);
}

TEST_CASE("commands that the protocol has but this device has not are refused as such") {
  // 11 and 12 are ours to send; 15 would have to be advertised first; 14, 17 and 18 are migration.
  for (uint16_t code : {0, 6, 11, 12, 14, 15, 16, 17, 18, 19, 0xffff}) {
    CHECK(refusal(static_cast<CommandCode>(code), zeros(64)) == ENOTSUP);
  }
}

TEST_CASE("an error reply is the header alone, with the request's id") {
  Message reply = make_error_reply(command(CommandCode::DmaMap, zeros(32)), EEXIST);
  Header header = head_of(reply.bytes);
  CHECK(reply.bytes.size() == sizeof(Header));
  CHECK(header.message_id == 0x1234);
  CHECK(header.command == 2);
  CHECK(header.byte_length == 16);
  CHECK(header.flags == 0x21);
  CHECK(header.error == EEXIST);
}

TEST_CASE("a region with a mappable area tells it, with its descriptor, when there is room") {
  const SparseArea areas[] = {{0x1000, 0x1000}};
  RegionDescription region{0x4000, region_flag::read | region_flag::write, areas, 7};
  Bytes payload = zeros(sizeof(RegionInfoBody));
  Header header = command(CommandCode::DeviceGetRegionInfo, payload);

  Message full = make_region_info_reply(header, RegionInfoBody{4064, 0, 0, 0, 0, 0}, region);
  CHECK(full.fd == 7);
  CHECK(full.bytes.size() == 80);
  auto body = body_of<RegionInfoBody>(full.bytes);
  CHECK(body.argsz == 0x40);
  CHECK(body.flags == 0xf);
  CHECK(body.capability_offset == 0x20);
  CHECK(body.byte_length == 0x4000);
  auto head = body_of<SparseMapHead>(full.bytes, 0x20);
  CHECK(head.id == 1);
  CHECK(head.version == 1);
  CHECK(head.next == 0);
  CHECK(head.area_count == 1);
  CHECK(body_of<SparseArea>(full.bytes, 0x30).offset == 0x1000);

  Message cut = make_region_info_reply(header, RegionInfoBody{32, 0, 0, 0, 0, 0}, region);
  CHECK(cut.fd == -1);
  CHECK(cut.bytes.size() == 48);
  CHECK(body_of<RegionInfoBody>(cut.bytes).argsz == 0x40);
  CHECK(body_of<RegionInfoBody>(cut.bytes).capability_offset == 0);
}

// QEMU asks with room for no capability first, and refuses the device otherwise.
TEST_CASE("a reply that tells of capabilities has an offset to them, within what it takes") {
  const SparseArea areas[] = {{0x1000, 0x1000}};
  RegionDescription region{0x4000, region_flag::read | region_flag::write, areas, 7};
  Bytes payload = zeros(sizeof(RegionInfoBody));
  Header header = command(CommandCode::DeviceGetRegionInfo, payload);
  for (uint32_t argsz : {32u, 63u, 64u, 4064u}) {
    CAPTURE(argsz);
    Message reply = make_region_info_reply(header, RegionInfoBody{argsz, 0, 0, 0, 0, 0}, region);
    auto body = body_of<RegionInfoBody>(reply.bytes);
    const bool told = (body.flags & region_flag::capabilities) != 0;
    CHECK(told == (argsz >= 64));
    CHECK((body.flags & region_flag::mmap) != 0);
    CHECK(body.capability_offset == (told ? sizeof body : 0));
    CHECK(body.argsz == 64);
  }
}

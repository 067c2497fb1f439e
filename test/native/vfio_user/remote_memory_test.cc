// SPDX-License-Identifier: MIT
#include "vfio_user/remote_memory.h"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <set>

#include "vfio_user/wire.h"

using namespace nvm;
using namespace nvm::vfio_user;
using namespace nvm::vfio_user::test;
using emulator::Operation;
using emulator::Progress;

namespace {

struct Asked {
  Header header;
  DmaAccessBody body;
  Bytes data;
};

Asked parse(const Message& message) {
  Asked asked{head_of(message.bytes), body_of<DmaAccessBody>(message.bytes), {}};
  constexpr ptrdiff_t head = sizeof(Header) + sizeof(DmaAccessBody);
  asked.data.assign(message.bytes.begin() + head, message.bytes.end());
  return asked;
}

struct Fixture {
  Fixture() : remote([this] { notifications++; }) { remote.connect(kDataByteLengthMax); }

  Asked next() {
    auto message = remote.next_request();
    REQUIRE(message);
    return parse(*message);
  }
  bool reply(const Asked& asked, const Bytes& payload, uint32_t flags = 0) {
    Header header = asked.header;
    header.flags = header_flag::type_reply | flags;
    header.byte_length = static_cast<uint32_t>(sizeof header + payload.size());
    if (flags & header_flag::error) header.error = EIO;
    return remote.accept_reply(header, payload);
  }
  // As the protocol has it, with data that tells its address.
  bool answer(const Asked& asked) {
    Bytes payload = join(asked.body);
    if (asked.header.command == static_cast<uint16_t>(CommandCode::DmaRead)) {
      for (uint64_t i = 0; i < asked.body.count; i++)
        payload.push_back(byte_at(asked.body.address + i));
    }
    return reply(asked, payload);
  }
  static std::byte byte_at(uint64_t address) { return static_cast<std::byte>(address % 251); }

  int notifications = 0;
  RemoteMemory remote;
  Operation operation;
  Bytes memory = Bytes(1 << 20);
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a read asks the client, and ends with its reply") {
  CHECK(remote.begin_read(operation, 0x5000, memory.data(), 512) == Progress::Pending);
  CHECK(notifications == 1);
  Asked asked = next();
  CHECK(asked.header.command == 11);
  CHECK(asked.header.byte_length == 32);
  CHECK(asked.header.flags == 0);
  CHECK(asked.body.address == 0x5000);
  CHECK(asked.body.count == 512);
  CHECK_FALSE(remote.has_request());
  CHECK(operation.progress == Progress::Pending);
  CHECK(answer(asked));
  CHECK(operation.progress == Progress::Done);
  CHECK(memory[511] == byte_at(0x5000 + 511));
  CHECK(memory[512] == std::byte{0});
}

TEST_CASE_FIXTURE(Fixture, "a write carries its data, and ends with any acknowledgement") {
  memory[3] = std::byte{77};
  CHECK(remote.begin_write(operation, 0x5000, memory.data(), 16) == Progress::Pending);
  Asked asked = next();
  CHECK(asked.header.command == 12);
  CHECK(asked.header.byte_length == 48);
  CHECK(asked.data.size() == 16);
  CHECK(asked.data[3] == std::byte{77});
  SUBCASE("the header alone") {
    CHECK(reply(asked, {}));
  }
  SUBCASE("address and count") {
    CHECK(reply(asked, join(asked.body)));
  }
  SUBCASE("address and a count of 4 bytes") {
    CHECK(reply(asked, join(asked.body.address, uint32_t{16})));
  }
  CHECK(operation.progress == Progress::Done);
}

TEST_CASE_FIXTURE(Fixture,
                  "a transfer is split into what the client takes, answered in any order") {
  remote.connect(4096);
  CHECK(remote.begin_read(operation, 0x1234, memory.data(), 10'000) == Progress::Pending);
  Asked first = next(), second = next(), third = next();
  CHECK_FALSE(remote.has_request());
  CHECK(first.body.count == 4096);
  CHECK(third.body.address == 0x1234 + 8192);
  CHECK(third.body.count == 10'000 - 8192);
  CHECK(answer(third));
  CHECK(answer(first));
  CHECK(operation.progress == Progress::Pending);
  CHECK(answer(second));
  CHECK(operation.progress == Progress::Done);
  bool right = true;
  for (size_t i = 0; i < 10'000; i++) right &= memory[i] == byte_at(0x1234 + i);
  CHECK(right);
}

TEST_CASE_FIXTURE(Fixture, "a client that takes more is not sent more than we take") {
  remote.connect(uint64_t{1} << 40);
  remote.begin_read(operation, 0, memory.data(), 1 << 20);
  CHECK(next().body.count == kDataByteLengthMax);
}

TEST_CASE_FIXTURE(Fixture, "a client that takes nothing, and no client at all, fail at once") {
  remote.connect(0);
  CHECK(remote.begin_read(operation, 0, memory.data(), 512) == Progress::Failed);
  CHECK(operation.progress == Progress::Failed);
  remote.connect(4096);
  remote.disconnect();
  CHECK(remote.begin_write(operation, 0, memory.data(), 512) == Progress::Failed);
  CHECK(notifications == 0);
}

TEST_CASE_FIXTURE(Fixture, "only so many requests are on their way, each with an id of its own") {
  remote.connect(1);
  remote.begin_read(operation, 0, memory.data(), 1000);
  std::vector<Asked> asked;
  std::set<uint16_t> ids;
  while (remote.has_request()) {
    asked.push_back(next());
    ids.insert(asked.back().header.message_id);
  }
  CHECK(asked.size() == RemoteMemory::kRequestsMax);
  CHECK(ids.size() == asked.size());
  CHECK_FALSE(remote.next_request());
  CHECK(answer(asked[5]));
  CHECK(remote.has_request());
  CHECK(next().body.address == RemoteMemory::kRequestsMax);
  CHECK_FALSE(remote.has_request());
}

TEST_CASE_FIXTURE(Fixture,
                  "operations are asked for in order, with one notification until all are") {
  Operation other;
  remote.begin_read(operation, 0x1000, memory.data(), 512);
  remote.begin_read(other, 0x2000, memory.data() + 512, 512);
  CHECK(notifications == 1);
  Asked first = next(), second = next();
  CHECK(first.body.address == 0x1000);
  CHECK(second.body.address == 0x2000);
  CHECK(answer(second));
  CHECK(other.progress == Progress::Done);
  CHECK(operation.progress == Progress::Pending);
  remote.begin_write(other, 0x3000, memory.data(), 512);
  CHECK(notifications == 2);
}

TEST_CASE_FIXTURE(Fixture, "only so many operations are taken") {
  std::vector<Operation> operations(RemoteMemory::kOperationsMax);
  for (Operation& one : operations) {
    REQUIRE(remote.begin_read(one, 0, memory.data(), 1) == Progress::Pending);
  }
  CHECK(remote.begin_read(operation, 0, memory.data(), 1) == Progress::Failed);
  remote.disconnect();
  CHECK(operations.back().progress == Progress::Failed);
}

TEST_CASE_FIXTURE(Fixture,
                  "an error reply fails the operation, whose other replies are then ignored") {
  remote.connect(4096);
  remote.begin_read(operation, 0x1000, memory.data(), 3 * 4096);
  Asked first = next(), second = next();
  CHECK(reply(first, {}, header_flag::error));
  CHECK(operation.progress == Progress::Failed);
  CHECK(operation.os_error == EIO);
  CHECK_FALSE(remote.has_request());  // the third is not asked for any more
  CHECK(answer(second));
  CHECK(memory[4096] == std::byte{0});
}

TEST_CASE_FIXTURE(Fixture, "memory taken back fails its operations and no others, at once") {
  Operation before, after, unasked;
  remote.begin_read(before, 0x0800, memory.data(), 0x800);
  remote.begin_read(operation, 0x1ff0, memory.data(), 0x20);
  remote.begin_read(after, 0x3000, memory.data(), 0x10);
  remote.begin_write(unasked, 0x2800, memory.data(), 0x10);
  Asked a = next(), b = next();
  remote.unmap(0x1000, 0x2000);
  CHECK(before.progress == Progress::Pending);
  CHECK(operation.progress == Progress::Failed);
  CHECK(after.progress == Progress::Pending);
  CHECK(unasked.progress == Progress::Failed);
  CHECK(answer(b));
  CHECK(answer(a));
  CHECK(before.progress == Progress::Done);
  CHECK(next().body.address == 0x3000);
  CHECK_FALSE(remote.has_request());
  remote.unmap_all();
  CHECK(after.progress == Progress::Failed);
}

TEST_CASE_FIXTURE(
    Fixture,
    "a client that goes fails what was asked of it, and its successor is not heard for it") {
  remote.begin_read(operation, 0x1000, memory.data(), 512);
  Asked asked = next();
  remote.disconnect();
  CHECK(operation.progress == Progress::Failed);
  remote.connect(4096);
  CHECK_FALSE(answer(asked));
}

TEST_CASE_FIXTURE(Fixture,
                  "replies that answer nothing, or wrongly, drop the client and touch nothing") {
  remote.begin_read(operation, 0x1000, memory.data(), 512);
  Asked asked = next();
  Bytes payload = with_tail(join(asked.body), Bytes(512, std::byte{0xee}));
  SUBCASE("an id that was not used") {
    asked.header.message_id++;
  }
  SUBCASE("another command") {
    asked.header.command = static_cast<uint16_t>(CommandCode::DmaWrite);
  }
  SUBCASE("too little data") {
    payload.pop_back();
  }
  SUBCASE("too much data") {
    payload.push_back({});
  }
  SUBCASE("no payload") {
    payload.clear();
  }
  SUBCASE("another address") {
    payload[0] = std::byte{1};
  }
  SUBCASE("another count") {
    payload[9] = std::byte{0};
  }
  CHECK_FALSE(reply(asked, payload));
  CHECK(memory[0] == std::byte{0});
  remote.disconnect();
  CHECK(operation.progress == Progress::Failed);
}

TEST_CASE_FIXTURE(Fixture, "a reply is taken once") {
  remote.begin_write(operation, 0x1000, memory.data(), 512);
  Asked asked = next();
  CHECK(answer(asked));
  CHECK_FALSE(answer(asked));
}

TEST_CASE_FIXTURE(Fixture, "nothing to transfer needs no client") {
  CHECK(remote.begin_read(operation, 0x1000, memory.data(), 0) == Progress::Done);
  CHECK_FALSE(remote.has_request());
}

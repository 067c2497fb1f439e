// SPDX-License-Identifier: MIT
// Servers that are slow, silent or mad: opening their controllers, and using them, ends with an
// error within a bound, and never with a crash.
#include <algorithm>

#include "memory/dma_descriptor.h"
#include "transport/scripted_vfio_user_server.h"
#include "transport/vfio_user_transport.h"

using namespace nvm;
using namespace nvm::test;
using namespace nvm::vfio_user;

namespace {

constexpr uint32_t kPatienceMs = 200;  // of the client: what is silent for longer is gone

Bytes region_info(const Header& asked, const RegionInfoBody& body, SparseMapHead head,
                  std::vector<SparseArea> areas = {}) {
  return ScriptedServer::reply(
      asked, with_tail(join(body, head), std::as_bytes(std::span(areas.data(), areas.size()))));
}

// What opening comes to; nothing when it works.
std::optional<ErrorCode> open_code(ScriptedServer& server) {
  server.start();
  auto opened = open_vfio_user_transport(server.path(), kPatienceMs);
  if (opened.ok()) return {};
  CAPTURE(opened.status().failure().detail);
  CHECK(opened.status().failure().detail.find(server.path()) != std::string::npos);
  return opened.status().failure().code;
}

struct Row {
  const char* name;
  ErrorCode expected;
  CommandCode code;
  ScriptedServer::Answer answer;
};

void check_rows(std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    const std::string name = row.name;
    CAPTURE(name);
    ScriptedServer server;
    server.answers[row.code] = row.answer;
    CHECK(open_code(server) == row.expected);
  }
}

ScriptedServer::Answer version_with(const std::string& json, VersionBody body = {0, 1}) {
  return [json, body](const Header& header, const Bytes&) {
    return ScriptedServer::reply(
        header, with_tail(join(body), std::as_bytes(std::span(json.data(), json.size()))));
  };
}

std::string capability(const std::string& text) {
  return R"({"capabilities":{"max_msg_fds":8,)" + text + "}}" + '\0';
}

}  // namespace

TEST_CASE("a server of this shape can be opened at all") {
  ScriptedServer server;
  CHECK_FALSE(open_code(server).has_value());
}

TEST_CASE("a VERSION that does not do is refused") {
  const auto silent = [](const Header&, const Bytes&) { return Bytes(); };
  const auto short_body = [](const Header& header, const Bytes&) {
    return ScriptedServer::reply(header, Bytes(3));
  };
  const auto refused = [](const Header& header, const Bytes&) {
    return ScriptedServer::refuse(header, EINVAL);
  };
  const auto endless = [](const Header& header, const Bytes&) {
    return join(Header{header.message_id, header.command, 0xffffffff, 1, 0});
  };
  const CommandCode code = CommandCode::Version;
  check_rows({
      {"silence", ErrorCode::Busy, code, silent},
      {"a length beyond all bounds", ErrorCode::Busy, code, endless},
      {"three bytes", ErrorCode::Unsupported, code, short_body},
      {"a refusal", ErrorCode::Os, code, refused},
      {"major 1", ErrorCode::Unsupported, code, version_with("", {1, 0})},
      {"a minor that was not offered", ErrorCode::Unsupported, code, version_with("", {0, 2})},
      {"text without end", ErrorCode::Unsupported, code, version_with("{}")},
      {"no JSON", ErrorCode::Unsupported, code, version_with(std::string("{\0", 2))},
      {"no registers of 8 bytes", ErrorCode::Unsupported, code,
       version_with(capability(R"("max_data_xfer_size":4)"))},
      {"no 4 KiB pages", ErrorCode::Unsupported, code,
       version_with(capability(R"("pgsizes":2097152)"))},
      {"no regions", ErrorCode::Unsupported, code, version_with(capability(R"("max_dma_maps":0)"))},
      {"no descriptors", ErrorCode::Unsupported, code,
       version_with(std::string(R"({"capabilities":{"max_msg_fds":0}})") + '\0')},
  });
}

TEST_CASE("a reply that is none ends the connection") {
  const CommandCode code = CommandCode::DeviceGetInfo;
  const Bytes info = join(DeviceInfoBody{16, 3, 9, 5});
  const auto answer = [](Bytes bytes) {
    return [bytes](const Header&, const Bytes&) { return bytes; };
  };
  check_rows({
      {"silence", ErrorCode::ControllerGone, code, answer({})},
      {"half a header", ErrorCode::ControllerGone, code, answer(Bytes(8))},
      {"too short", ErrorCode::ControllerGone, code,
       [](const Header& header, const Bytes&) { return ScriptedServer::reply(header, Bytes(15)); }},
      {"half of it", ErrorCode::ControllerGone, code,
       [&](const Header& header, const Bytes&) {
         Bytes whole = ScriptedServer::reply(header, info);
         whole.resize(20);
         return whole;
       }},
      {"another id", ErrorCode::ControllerGone, code,
       [&](Header header, const Bytes&) {
         header.message_id++;
         return ScriptedServer::reply(header, info);
       }},
      {"another command", ErrorCode::ControllerGone, code,
       [&](Header header, const Bytes&) {
         header.command++;
         return ScriptedServer::reply(header, info);
       }},
      {"an error without a number", ErrorCode::ControllerGone, code,
       [](const Header& header, const Bytes&) { return ScriptedServer::refuse(header, 0); }},
      {"an error with a negative number", ErrorCode::ControllerGone, code,
       [](const Header& header, const Bytes&) { return ScriptedServer::refuse(header, -EIO); }},
      {"requests without end", ErrorCode::ControllerGone, code,
       [](Header header, const Bytes&) {
         Bytes many;
         for (int i = 0; i < 100; i++) many = with_tail(many, join(Header{1, 11, 16, 0, 0}));
         return many;
       }},
      {"no PCI device", ErrorCode::Target, code,
       [](const Header& header, const Bytes&) {
         return ScriptedServer::reply(header, join(DeviceInfoBody{16, 1, 9, 5}));
       }},
      {"no configuration space", ErrorCode::Target, code,
       [](const Header& header, const Bytes&) {
         return ScriptedServer::reply(header, join(DeviceInfoBody{16, 3, 7, 5}));
       }},
  });
}

TEST_CASE("a few requests of the server are refused, and its reply is taken") {
  ScriptedServer server;
  server.answers[CommandCode::DeviceGetInfo] = [](const Header& header, const Bytes&) {
    return with_tail(join(Header{7, 11, 16, 0, 0}, Header{8, 12, 16, 16, 0}),
                     ScriptedServer::reply(header, join(DeviceInfoBody{16, 3, 9, 5})));
  };
  CHECK_FALSE(open_code(server).has_value());
}

TEST_CASE("file descriptors that nobody asked for are closed, and end the connection") {
  UniqueFd zero(open("/dev/zero", O_RDWR | O_CLOEXEC));
  for (const size_t count : {1u, 16u, 17u, 60u}) {
    CAPTURE(count);
    ScriptedServer server;
    server.answers[CommandCode::DeviceGetInfo] = [&](const Header& header, const Bytes& payload) {
      server.fds_to_send.assign(count, zero.get());
      return server.usual_answer(header, payload);
    };
    CHECK(open_code(server) == ErrorCode::ControllerGone);
  }
}

TEST_CASE("a region that is described wrongly ends the connection") {
  const CommandCode code = CommandCode::DeviceGetRegionInfo;
  const RegionInfoBody body{64, 0xf, 7, 32, 0x4000, 0};
  const SparseMapHead head{1, 1, 0, 1, 0};
  const auto described = [](RegionInfoBody of, SparseMapHead with, std::vector<SparseArea> areas) {
    return [=](const Header& header, const Bytes&) { return region_info(header, of, with, areas); };
  };
  check_rows({
      {"another region", ErrorCode::ControllerGone, code,
       described({32, 3, 6, 0, 4096, 0}, head, {})},
      {"never with enough room", ErrorCode::ControllerGone, code,
       described({0xffffffff, 3, 7, 0, 4096, 0}, head, {})},
      {"always a little more", ErrorCode::ControllerGone, code,
       [](const Header& header, const Bytes& payload) {
         RegionInfoBody asked;
         std::memcpy(&asked, payload.data(), sizeof asked);
         return ScriptedServer::reply(header,
                                      join(RegionInfoBody{asked.argsz + 1, 3, 7, 0, 4096, 0}));
       }},
      {"a capability within the body", ErrorCode::ControllerGone, code,
       described({64, 0xf, 7, 16, 0x4000, 0}, head, {{0, 4096}})},
      {"a capability behind the end", ErrorCode::ControllerGone, code,
       described({64, 0xf, 7, 4000, 0x4000, 0}, head, {{0, 4096}})},
      {"a chain in a circle", ErrorCode::ControllerGone, code,
       described(body, {2, 1, 32, 0, 0}, {})},
      {"four thousand million areas", ErrorCode::ControllerGone, code,
       described(body, {1, 1, 0, 0xffffffff, 0}, {{0, 4096}})},
      {"more areas than there are", ErrorCode::ControllerGone, code,
       described(body, {1, 1, 0, 2, 0}, {{0, 4096}})},
      {"an area behind the region", ErrorCode::ControllerGone, code,
       described(body, head, {{0x4000, 4096}})},
      {"an area whose end overflows", ErrorCode::ControllerGone, code,
       described(body, head, {{4096, UINT64_MAX & ~0xfffull}})},
      {"an area of half a page", ErrorCode::ControllerGone, code,
       described(body, head, {{0, 2048}})},
      {"no room for configuration space", ErrorCode::Unsupported, code,
       described({32, 3, 7, 0, 64, 0}, head, {})},
  });
}

TEST_CASE("another device than a controller, and a controller that nobody could drive") {
  ScriptedServer network;
  network.device_class = 0x020000;
  CHECK(open_code(network) == ErrorCode::Target);
  ScriptedServer sparse;
  sparse.cap = spec::cap::dstrd.put(15);
  CHECK(open_code(sparse) == ErrorCode::Unsupported);
  ScriptedServer no_memory;
  no_memory.maps_doorbells = false;
  no_memory.dma_regions_max = 0;
  CHECK(open_code(no_memory) == ErrorCode::Memory);
}

TEST_CASE("an answer to a read that is too short, or of another place, is not believed") {
  const CommandCode code = CommandCode::RegionRead;
  check_rows({
      {"no data", ErrorCode::ControllerGone, code,
       [](const Header& header, const Bytes& payload) {
         return ScriptedServer::reply(header, payload);
       }},
      {"another offset", ErrorCode::ControllerGone, code,
       [](const Header& header, const Bytes& payload) {
         Bytes other = with_tail(payload, Bytes(8));
         other[0] ^= std::byte{4};
         return ScriptedServer::reply(header, other);
       }},
  });
}

TEST_CASE("a list of PCI capabilities in a circle has an end") {
  ScriptedServer server;
  server.answers[CommandCode::RegionRead] = [&](const Header& header, const Bytes& payload) {
    RegionAccessBody access;
    std::memcpy(&access, payload.data(), sizeof access);
    if (access.region != 7 || access.offset != 0x40) return server.usual_answer(header, payload);
    return ScriptedServer::reply(header, with_tail(payload, join(uint16_t{0x4001})));
  };
  CHECK_FALSE(open_code(server).has_value());
}

TEST_CASE("doorbells in a file that cannot be trusted are rung by messages") {
  UniqueFd pipe_ends[2];
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  pipe_ends[0].reset(ends[0]);
  pipe_ends[1].reset(ends[1]);
  ScriptedServer server;
  SUBCASE("a pipe") {
    server.doorbells = std::move(pipe_ends[0]);
  }
  SUBCASE("a file on a disk") {
    server.doorbells.reset(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  }
  SUBCASE("memory that is too short") {
    REQUIRE(ftruncate(server.doorbells.get(), 0x1fff) == 0);
  }
  SUBCASE("memory that cannot be written") {
    const std::string path = "/proc/self/fd/" + std::to_string(server.doorbells.get());
    server.doorbells.reset(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  }
  server.start();
  auto opened = open_vfio_user_transport(server.path(), kPatienceMs);
  REQUIRE(opened.ok());
  Transport& transport = *opened.value();
  const nvm::Doorbells doorbells = transport.doorbells();
  REQUIRE(doorbells.sleeping != nullptr);
  CHECK(doorbells.sleeping->load() != 0);
  doorbells.base[0] = 1;
  transport.ring_wake();
  CHECK(transport.read_register32(spec::registers::vs) == 0x00010400);
  const auto commands = server.commands();
  CHECK(std::count(commands.end() - 2, commands.end(), CommandCode::RegionWrite) == 1);
}

TEST_CASE("a server that truncates its doorbells is gone, and ringing them harms nobody") {
  ScriptedServer server;
  server.start();
  auto opened = open_vfio_user_transport(server.path(), kPatienceMs);
  REQUIRE(opened.ok());
  Transport& transport = *opened.value();
  const nvm::Doorbells doorbells = transport.doorbells();
  CHECK(doorbells.sleeping == nullptr);
  doorbells.base[2] = 1;
  CHECK_FALSE(transport.is_gone());
  REQUIRE(ftruncate(server.doorbells.get(), 0) == 0);
  doorbells.base[2] = 2;
  CHECK(doorbells.base[2] == 2);
  CHECK(transport.is_gone());
  CHECK(transport.read_register32(spec::registers::csts) == UINT32_MAX);
}

TEST_CASE("a server that stops answering, or reading, is gone within a bound") {
  ScriptedServer server;
  server.maps_doorbells = false;
  server.start();
  auto opened = open_vfio_user_transport(server.path(), kPatienceMs);
  REQUIRE(opened.ok());
  Transport& transport = *opened.value();
  server.stop_reading();
  SUBCASE("while a register is read") {
    CHECK(transport.read_register64(spec::registers::cap) == UINT64_MAX);
  }
  SUBCASE("while doorbells are rung") {
    for (uint32_t i = 0; i < 1'000'000 && !transport.is_gone(); i++) {
      transport.doorbells().base[0] = i;
      transport.ring_wake();
    }
  }
  CHECK(transport.is_gone());
  CHECK(transport.read_register32(spec::registers::csts) == UINT32_MAX);
  auto refused = transport.map(*Buffer::allocate(4096).value());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().failure().code == ErrorCode::ControllerGone);
  CHECK(transport.reset().ok());  // it reaches nothing that is used again
}

TEST_CASE("a server that takes sixteen regions has room for any program") {
  ScriptedServer server;
  server.start();
  auto opened = open_vfio_user_transport(server.path(), kPatienceMs);
  REQUIRE(opened.ok());
  std::shared_ptr<Transport> transport = std::move(opened.value());
  std::vector<std::shared_ptr<DmaDescriptor>> held;
  for (size_t i = 0; i < 400; i++) {
    auto buffer = transport->allocate(i % 10 == 0 ? 5u << 20 : 8192);
    REQUIRE(buffer.ok());
    held.push_back(DmaDescriptor::map(transport, std::move(buffer.value())).value());
    CHECK(held.back()->runs().size() == 1);
  }
  CHECK(server.dma_regions() <= 5);
  CHECK(server.payload_bytes_max() <= 4096);

  SUBCASE("one more than it takes is an error that says so") {
    Result<Mapping> refused = Status(ErrorCode::Os);
    std::vector<std::shared_ptr<Buffer>> files;
    do {
      files.push_back(Buffer::allocate(4096).value());
      refused = transport->map(*files.back());
    } while (refused.ok());
    CHECK(server.dma_regions() == 16);
    CHECK(refused.status().failure().os_error == ENOSPC);
  }
  SUBCASE("memory that came back is used again, zeroed") {
    std::byte* before = held[1]->bytes();
    std::memset(before, 0xaa, 8192);
    held[1].reset();
    auto again = transport->allocate(8192).value();
    CHECK(again->bytes() == before);
    CHECK(std::all_of(before, before + 8192, [](std::byte b) { return b == std::byte{0}; }));
  }
}

// SPDX-License-Identifier: MIT
#include "vfio_user/server.h"

#include <dirent.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <random>

#include "vfio_user/served.h"

using namespace nvm;
using namespace nvm::vfio_user;
using namespace nvm::vfio_user::test;

namespace {

// The server still answers a well-behaved client.
bool is_usable(const std::string& path) {
  SocketClient client(path);
  Guest guest(client);
  return client.connected() &&
         error_of(client.call(CommandCode::Version, join(VersionBody{0, 1}))) == 0 &&
         guest.map_memory() == 0 && guest.disable() && guest.enable() &&
         guest.identify_controller() == 0;
}

// Descriptors of this process while a client is being served: the one before it is then gone for
// good.
size_t open_descriptor_count(const std::string& path) {
  SocketClient client(path);
  CHECK(error_of(client.call(CommandCode::Version, join(VersionBody{0, 1}))) == 0);
  size_t count = 0;
  DIR* folder = opendir("/proc/self/fd");
  while (readdir(folder) != nullptr) count++;
  closedir(folder);
  return count;
}

}  // namespace

TEST_CASE("a session as a driver in user space holds it") {
  Served served;
  SocketClient client(served.server->path());
  REQUIRE(client.connected());

  // VERSION without JSON; the reply is a NUL-terminated object.
  Bytes version = client.call(CommandCode::Version, join(VersionBody{0, 1}));
  CHECK(head_of(version).message_id == 0x1234);
  CHECK(body_of<VersionBody>(version).minor == 1);
  REQUIRE(version.size() > 21);
  CHECK(version[20] == std::byte{'{'});
  CHECK(version.back() == std::byte{0});

  auto info = body_of<DeviceInfoBody>(
      client.call(CommandCode::DeviceGetInfo, join(DeviceInfoBody{16, 0, 0, 0})));
  CHECK(info.region_count == 9);
  for (uint32_t index = 0; index < info.region_count; index++) {
    Bytes payload = with_tail(join(RegionInfoBody{4064, 0, index, 0, 0, 0}), zeros(4032));
    Bytes region = client.call(CommandCode::DeviceGetRegionInfo, payload);
    CHECK(error_of(region) == 0);
    CHECK(region.size() <= 4096 + sizeof(Header));
  }

  Guest guest(client);
  REQUIRE(guest.map_memory() == 0);
  guest.write<uint16_t>(7, 4, guest.read<uint16_t>(7, 4) | 0x0404);
  CHECK(guest.read<uint64_t>(0, spec::registers::cap) != 0);
  CHECK(guest.read<uint32_t>(0, spec::registers::vs) >= 0x10400);
  REQUIRE(guest.enable());
  CHECK(guest.identify_controller() == 0);
  REQUIRE(guest.create_io_queues() == 0);
  std::memset(guest.data(), 0xa5, 512);
  CHECK(guest.transfer_block(spec::nvm_opcode::write, 7, Guest::kBase + Guest::kData) == 0);
  CHECK(guest.transfer_block(spec::nvm_opcode::read, 7, Guest::kBase + Guest::kData + 512) == 0);
  CHECK(std::memcmp(guest.data(), guest.data() + 512, 512) == 0);

  guest.write<uint32_t>(0, spec::registers::cc, 0x00464001);
  CHECK(guest.wait([&] { return guest.read<uint32_t>(0, spec::registers::csts) == 9; }));
  // The descriptor that comes with an unmapping is not asked for, and closed.
  DmaUnmapBody unmap{24, 0, Guest::kBase, Guest::kByteLength};
  Bytes reply = client.call(CommandCode::DmaUnmap, join(unmap), {guest.memory().fd()});
  CHECK(body_of<DmaUnmapBody>(reply).byte_length == Guest::kByteLength);
}

TEST_CASE("a completion interrupts a client that sleeps") {
  Served served;
  SocketClient client(served.server->path());
  Guest guest(client);
  guest.agree_version();
  UniqueFd admin(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      io(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  IrqSetBody body{20, irq_set_flag::data_eventfd | irq_set_flag::action_trigger, 2, 0, 2};
  REQUIRE(error_of(client.call(CommandCode::DeviceSetIrqs, join(body), {admin.get(), io.get()})) ==
          0);
  REQUIRE(guest.map_memory() == 0);
  REQUIRE(guest.enable());
  REQUIRE(guest.create_io_queues() == 0);
  guest.submit_block_read(Guest::kBase + Guest::kData);
  pollfd event{io.get(), POLLIN, 0};
  CHECK(poll(&event, 1, 20'000) == 1);
}

TEST_CASE("messages may be pipelined, and cut anywhere") {
  Served served;
  SocketClient client(served.server->path());
  Bytes version = join(VersionBody{0, 1});
  Bytes info = join(DeviceInfoBody{16, 0, 0, 0});
  Bytes stream = with_tail(join(command(CommandCode::Version, version)), version);
  for (int i = 0; i < 10; i++) {
    stream = with_tail(stream, join(command(CommandCode::DeviceGetInfo, info)));
    stream = with_tail(stream, info);
  }
  SUBCASE("at once") {
    CHECK(client.send(stream));
  }
  SUBCASE("byte by byte") {
    for (std::byte byte : stream) CHECK(client.send({byte}));
  }
  SUBCASE("in sevens") {
    for (size_t at = 0; at < stream.size(); at += 7) {
      size_t end = std::min(at + 7, stream.size());
      CHECK(client.send(Bytes(stream.begin() + static_cast<ptrdiff_t>(at),
                              stream.begin() + static_cast<ptrdiff_t>(end))));
    }
  }
  CHECK(body_of<VersionBody>(client.receive()).minor == 1);
  for (int i = 0; i < 10; i++) CHECK(body_of<DeviceInfoBody>(client.receive()).region_count == 9);
}

TEST_CASE("a reconnecting client finds a usable controller, which is disabled") {
  Served served;
  for (int i = 0; i < 3; i++) {
    SocketClient client(served.server->path());
    Guest guest(client);
    guest.agree_version();
    CHECK((guest.read<uint32_t>(0, spec::registers::cc) & 1) == 0);
    REQUIRE(guest.map_memory() == 0);
    REQUIRE(guest.disable());
    REQUIRE(guest.enable());
    REQUIRE(guest.create_io_queues() == 0);
    guest.submit_block_read(Guest::kBase + Guest::kData);  // and away, without waiting
  }
  CHECK(is_usable(served.server->path()));
}

TEST_CASE("malformed lengths and replies to nothing end the connection, not the server") {
  Served served;
  struct Row {
    uint32_t byte_length;
    uint32_t flags;
  };
  const Row rows[] = {{0, 0}, {15, 0}, {kMessageByteLengthMax + 1, 0}, {~0u, 0}, {16, 1}, {16, 15}};
  for (const Row& row : rows) {
    SocketClient client(served.server->path());
    CHECK(client.send(join(Header{1, 4, row.byte_length, row.flags, 0})));
    CHECK(client.is_closed());
  }
  CHECK(is_usable(served.server->path()));
}

TEST_CASE("more descriptors than a message may carry end the connection") {
  Served served;
  SocketClient client(served.server->path());
  Bytes version = join(VersionBody{0, 1});
  int fd = client.socket();
  CHECK(client.send(
      with_tail(join(command(CommandCode::Version, version)), version),
      {fd, fd, fd, fd, fd, fd, fd, fd, fd, fd, fd, fd, fd, fd, fd, fd, fd, fd, fd, fd}));
  // Our own socket may still be on its way to the server's end of it, so only its silence is asked
  // for.
  client.close();
  CHECK(is_usable(served.server->path()));
}

TEST_CASE("unexpected descriptors are closed, on success, on error and when the client goes") {
  Served served;
  size_t before = open_descriptor_count(served.server->path());
  for (int i = 0; i < 100; i++) {
    SocketClient client(served.server->path());
    REQUIRE(client.connected());
    SharedMemory memory(0x2000);
    UniqueFd event(eventfd(0, EFD_CLOEXEC));
    int fd = event.get();
    CHECK(error_of(client.call(CommandCode::Version, join(VersionBody{0, 1}), {fd, fd})) == 0);
    CHECK(error_of(client.call(CommandCode::DeviceGetInfo, join(DeviceInfoBody{16, 0, 0, 0}),
                               {fd})) == 0);
    CHECK(error_of(client.call(CommandCode::DmaMap, join(DmaMapBody{32, 3, 0, 0x1000, 0x2000}),
                               {memory.fd(), fd})) == EINVAL);
    CHECK(error_of(client.call(CommandCode::DmaMap, join(DmaMapBody{32, 3, 0, 0x1000, 0x2000}),
                               {memory.fd()})) == 0);
    IrqSetBody body{20, irq_set_flag::data_eventfd | irq_set_flag::action_trigger, 2, 0, 2};
    CHECK(error_of(client.call(CommandCode::DeviceSetIrqs, join(body), {fd, memory.fd()})) ==
          EINVAL);
    CHECK(error_of(client.call(CommandCode::DeviceSetIrqs, join(body), {fd, fd})) == 0);
    // A message that never ends, with a descriptor.
    CHECK(client.send(join(Header{1, 4, 64, 0, 0}), {fd}));
  }
  CHECK(open_descriptor_count(served.server->path()) == before);
}

TEST_CASE("a client that does not read its replies blocks only itself") {
  Served served;
  SocketClient client(served.server->path());
  Bytes version = join(VersionBody{0, 1});
  CHECK(client.send(with_tail(join(command(CommandCode::Version, version)), version)));
  timeval briefly{0, 200'000};
  setsockopt(client.socket(), SOL_SOCKET, SO_SNDTIMEO, &briefly, sizeof briefly);
  Bytes read = join(RegionAccessBody{0, 0, 0x4000});
  Bytes message = with_tail(join(command(CommandCode::RegionRead, read)), read);
  // Until neither side's socket takes any more: 64 MiB of replies are asked for, and fit nowhere.
  int sent = 0;
  while (sent < 4096 && client.send(message)) sent++;
  client.close();
  CHECK(is_usable(served.server->path()));
}

TEST_CASE("random messages of a hostile client are survived") {
  Served served;
  std::mt19937 random(1);
  for (int round = 0; round < 200; round++) {
    SocketClient client(served.server->path());
    REQUIRE(client.connected());
    Bytes version = join(VersionBody{0, 1});
    CHECK(client.send(with_tail(join(command(CommandCode::Version, version)), version)));
    SharedMemory memory(0x1000);
    for (int i = 0; i < 10; i++) {
      Bytes payload(random() % 80);
      for (std::byte& byte : payload)
        byte = std::byte{static_cast<uint8_t>(random() % 4 ? 0 : random())};
      // Often a plausible length in the first field, or nothing would come past it.
      if (payload.size() >= 4 && random() % 4) payload[0] = std::byte{64};
      Header header{1, static_cast<uint16_t>(random() % 18),
                    static_cast<uint32_t>(sizeof(Header) + payload.size()),
                    random() % 8 ? header_flag::no_reply : static_cast<uint32_t>(random()), 0};
      bool alive = random() % 2 ? client.send(with_tail(join(header), payload))
                                : client.send(with_tail(join(header), payload), {memory.fd()});
      if (!alive) break;
    }
  }
  CHECK(is_usable(served.server->path()));
}

TEST_CASE("the socket is its owner's only, and gone after stop") {
  Served served;
  struct stat file;
  REQUIRE(stat(served.folder.socket().c_str(), &file) == 0);
  CHECK(S_ISSOCK(file.st_mode));
  CHECK((file.st_mode & 0777) == 0600);
  served.server->stop();
  served.server->stop();
  CHECK(lstat(served.folder.socket().c_str(), &file) != 0);
}

TEST_CASE("a live server's socket is left alone, a dead one's is replaced") {
  Served served;
  SUBCASE("live and idle") {}
  SUBCASE("live, with a client") {
    SocketClient client(served.server->path());
    CHECK(error_of(client.call(CommandCode::Version, join(VersionBody{0, 1}))) == 0);
  }
  auto second = Server::start(make_runner(), served.folder.path());
  REQUIRE_FALSE(second.ok());
  CHECK(second.status().failure().code == ErrorCode::Busy);
  CHECK(is_usable(served.server->path()));

  served.server->stop();
  UniqueFd dead(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, served.folder.socket().c_str(), sizeof address.sun_path - 1);
  REQUIRE(bind(dead.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  dead.reset();
  auto third = Server::start(make_runner(), served.folder.path());
  REQUIRE(third.ok());
  CHECK(is_usable(third.value()->path()));
}

TEST_CASE("a file in the socket's place is not removed, and what cannot be served is refused") {
  ScratchFolder folder;
  UniqueFd file(open(folder.socket().c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  auto over_file = Server::start(make_runner(), folder.path());
  REQUIRE_FALSE(over_file.ok());
  CHECK(over_file.status().failure().code == ErrorCode::Argument);
  CHECK(access(folder.socket().c_str(), F_OK) == 0);

  const std::string too_long = folder.path() + "/" + std::string(120, 'x');
  auto unnamed = Server::start(make_runner(), too_long);
  REQUIRE_FALSE(unnamed.ok());
  CHECK(unnamed.status().failure().code == ErrorCode::Argument);
  CHECK(access(too_long.c_str(), F_OK) != 0);

  auto nowhere = Server::start(make_runner(), folder.path() + "/a/b");
  REQUIRE_FALSE(nowhere.ok());
  CHECK(nowhere.status().failure().code == ErrorCode::Os);

  auto no_controller = Server::start(make_runner(), folder.path(), {.controller_index = 1});
  REQUIRE_FALSE(no_controller.ok());
  CHECK(no_controller.status().failure().code == ErrorCode::Argument);
}

TEST_CASE("several devices are served by one process, from one subsystem") {
  Served served(2);
  ScratchFolder other_folder;
  auto other = Server::start(served.runner, other_folder.path(), {.controller_index = 1});
  REQUIRE(other.ok());
  SocketClient first_client(served.server->path()), second_client(other.value()->path());
  Guest first(first_client), second(second_client);
  for (Guest* guest : {&first, &second}) {
    guest->agree_version();
    REQUIRE(guest->map_memory() == 0);
    REQUIRE(guest->enable());
    REQUIRE(guest->create_io_queues() == 0);
  }
  std::memset(first.data(), 0x77, 512);
  CHECK(first.transfer_block(spec::nvm_opcode::write, 1, Guest::kBase + Guest::kData) == 0);
  CHECK(second.transfer_block(spec::nvm_opcode::read, 1, Guest::kBase + Guest::kData) == 0);
  CHECK(std::memcmp(first.data(), second.data(), 512) == 0);
}

TEST_CASE("stop ends a busy connection") {
  Served served;
  SocketClient client(served.server->path());
  Guest guest(client);
  guest.agree_version();
  REQUIRE(guest.map_memory() == 0);
  REQUIRE(guest.enable());
  REQUIRE(guest.create_io_queues() == 0);
  guest.submit_block_read(Guest::kBase + Guest::kData);
  served.server->stop();
  CHECK(client.is_closed());
}

namespace {

// Memory that the server reaches only by messages, at kAddress.
struct Remote {
  static constexpr uint64_t kAddress = 0x40000000;
  static constexpr size_t kByteLength = 1 << 16;

  Remote(const std::string& path, const std::string& capabilities) : client(path), guest(client) {
    Bytes version = join(VersionBody{0, 1});
    const std::span text(capabilities.c_str(), capabilities.size() + 1);
    version = with_tail(version, std::as_bytes(text));
    CHECK(error_of(client.call(CommandCode::Version, version)) == 0);
    REQUIRE(guest.map_memory() == 0);
    client.offer_memory(kAddress, bytes.data(), bytes.size());
    DmaMapBody body{sizeof body, 3, 0, kAddress, kByteLength};
    REQUIRE(error_of(client.call(CommandCode::DmaMap, join(body))) == 0);
    REQUIRE(guest.disable());
    REQUIRE(guest.enable());
    REQUIRE(guest.create_io_queues() == 0);
  }
  // 16 blocks, in two pages of the remote memory.
  uint16_t transfer(uint8_t opcode, uint64_t address) {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = opcode;
    sqe.nsid = 1;
    sqe.prp1 = address;
    sqe.prp2 = address + 4096;
    sqe.cdw12 = 15;
    return guest.io(sqe);
  }

  SocketClient client;
  Guest guest;
  Bytes bytes = Bytes(kByteLength);
};

}  // namespace

TEST_CASE("memory without a descriptor is read and written over the client's own socket") {
  Served served;
  int chunks = 0;
  std::string capabilities;
  SUBCASE("in whole pages") {
    chunks = 2;
  }
  SUBCASE("in messages no larger than the client takes") {
    capabilities = R"({"capabilities":{"max_data_xfer_size":1024}})";
    chunks = 8;
  }
  Remote remote(served.server->path(), capabilities);
  for (size_t i = 0; i < 8192; i++) remote.bytes[i] = static_cast<std::byte>(i % 251);
  CHECK(remote.transfer(spec::nvm_opcode::write, Remote::kAddress) == 0);
  CHECK(remote.client.requests_served() == chunks);
  CHECK(remote.transfer(spec::nvm_opcode::read, Remote::kAddress + 0x8000) == 0);
  CHECK(remote.client.requests_served() == 2 * chunks);
  CHECK(
      std::equal(remote.bytes.begin(), remote.bytes.begin() + 8192, remote.bytes.begin() + 0x8000));
}

TEST_CASE("requests of the client are answered while the server waits for its memory") {
  Served served;
  Remote remote(served.server->path(), "");
  remote.guest.submit_block_read(Remote::kAddress);
  Bytes request = remote.client.receive_any();
  CHECK(head_of(request).command == static_cast<uint16_t>(CommandCode::DmaWrite));
  Bytes info = join(DeviceInfoBody{16, 0, 0, 0});
  for (int i = 0; i < 100; i++) {
    CHECK(body_of<DeviceInfoBody>(remote.client.call(CommandCode::DeviceGetInfo, info))
              .region_count == 9);
  }
  CHECK(remote.guest.identify_controller() == 0);
}

TEST_CASE("a client that goes while it is asked for memory leaves a usable server") {
  Served served;
  for (int i = 0; i < 3; i++) {
    Remote remote(served.server->path(), "");
    remote.guest.submit_block_read(Remote::kAddress);
    if (i > 0) CHECK_FALSE(is_reply(head_of(remote.client.receive_any())));
    if (i > 1) remote.client.send(join(Header{0, 12, 16, 1, 0}));  // and answers at the last moment
    remote.client.close();
    CHECK(is_usable(served.server->path()));
  }
}

TEST_CASE("a client that answers what it was not asked is dropped") {
  Served served;
  Remote remote(served.server->path(), "");
  remote.guest.submit_block_read(Remote::kAddress);
  Header header = head_of(remote.client.receive_any());
  header.message_id++;
  header.byte_length = sizeof header;
  header.flags = header_flag::type_reply;
  CHECK(remote.client.send(join(header)));
  CHECK(remote.client.is_closed());
  CHECK(is_usable(served.server->path()));
}

TEST_CASE("a server that stops asks its client to release the device") {
  Served served;
  SocketClient client(served.server->path());
  Guest guest(client);
  guest.agree_version();
  UniqueFd event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  IrqSetBody body{20, irq_set_flag::data_eventfd | irq_set_flag::action_trigger, 4, 0, 1};
  REQUIRE(error_of(client.call(CommandCode::DeviceSetIrqs, join(body), {event.get()})) == 0);
  served.server->stop();
  uint64_t count = 0;
  CHECK(read(event.get(), &count, sizeof count) == sizeof count);
  CHECK(client.is_closed());
}

TEST_CASE("several subsystems are served by one process") {
  Served first, second;
  SocketClient first_client(first.server->path()), second_client(second.server->path());
  Guest one(first_client), two(second_client);
  for (Guest* guest : {&one, &two}) {
    guest->agree_version();
    REQUIRE(guest->map_memory() == 0);
    REQUIRE(guest->enable());
    REQUIRE(guest->create_io_queues() == 0);
  }
  std::memset(one.data(), 0x77, 512);
  CHECK(one.transfer_block(spec::nvm_opcode::write, 1, Guest::kBase + Guest::kData) == 0);
  CHECK(two.transfer_block(spec::nvm_opcode::read, 1, Guest::kBase + Guest::kData) == 0);
  CHECK(two.data()[0] == std::byte{0});
  first.server->stop();
  CHECK(two.identify_controller() == 0);
}

// SPDX-License-Identifier: MIT
// Both ways to ring: by messages, and in a page that the client maps.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "vfio_user/served.h"

using namespace nvm;
using namespace nvm::vfio_user;
using namespace nvm::vfio_user::test;

namespace {

constexpr size_t kPage = 4096;

// Asks for region 0 with room for everything; what came with the reply is in `fds`.
RegionInfoBody ask_for_registers(SocketClient& client, std::vector<UniqueFd>& fds,
                                 uint32_t argsz = 4064) {
  Bytes payload = join(RegionInfoBody{argsz, 0, 0, 0, 0, 0});
  CHECK(client.send(with_tail(join(command(CommandCode::DeviceGetRegionInfo, payload)), payload)));
  return body_of<RegionInfoBody>(client.receive(&fds));
}

class DoorbellPage {
 public:
  explicit DoorbellPage(SocketClient& client) {
    std::vector<UniqueFd> fds;
    ask_for_registers(client, fds);
    REQUIRE(fds.size() == 1);
    file_ = std::move(fds.front());
    void* mapped = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), kPage);
    REQUIRE(mapped != MAP_FAILED);
    words_ = static_cast<uint32_t*>(mapped);
  }
  ~DoorbellPage() { munmap(words_, kPage); }
  DoorbellPage(const DoorbellPage&) = delete;
  DoorbellPage& operator=(const DoorbellPage&) = delete;

  int fd() const { return file_.get(); }
  uint32_t* words() const { return words_; }

 private:
  UniqueFd file_;
  uint32_t* words_;
};

// Long enough for a device without work to go to sleep.
void leave_idle() {
  usleep(20'000);
}

bool works(Guest& guest) {
  return guest.identify_controller() == 0 &&
         guest.transfer_block(spec::nvm_opcode::read, 0, Guest::kBase + Guest::kData) == 0;
}

}  // namespace

TEST_CASE("a client that rings by messages is offered no page, and wakes the device") {
  Served served(1, Doorbells::Trap);
  SocketClient client(served.server->path());
  Guest guest(client);
  guest.agree_version();
  std::vector<UniqueFd> fds;
  CHECK(ask_for_registers(client, fds).flags == 3);
  CHECK(fds.empty());
  REQUIRE(guest.map_memory() == 0);
  REQUIRE(guest.enable());
  REQUIRE(guest.create_io_queues() == 0);
  leave_idle();
  CHECK(works(guest));
}

TEST_CASE("a client that maps the doorbells needs no message to ring, however long it waited") {
  Served served(1, Doorbells::Poll);
  SocketClient client(served.server->path());
  Guest guest(client);
  guest.agree_version();
  DoorbellPage page(client);
  REQUIRE(guest.map_memory() == 0);
  guest.use_doorbells(page.words());
  for (int round = 0; round < 2; round++) {
    REQUIRE(guest.enable());
    REQUIRE(guest.create_io_queues() == 0);
    leave_idle();
    CHECK(works(guest));
    REQUIRE(guest.disable());
    CHECK(page.words()[0] == 0);
  }
}

TEST_CASE("in poll mode doorbells may also be rung by messages, and show in the page") {
  Served served(1, Doorbells::Poll);
  SocketClient client(served.server->path());
  Guest guest(client);
  guest.agree_version();
  DoorbellPage page(client);
  REQUIRE(guest.map_memory() == 0);
  REQUIRE(guest.enable());
  CHECK(guest.identify_controller() == 0);
  CHECK(page.words()[0] == 1);
  CHECK(page.words()[1] == 1);
}

TEST_CASE("in poll mode a client without the page, or that cannot take it, is served by messages") {
  Served served(1, Doorbells::Poll);
  SocketClient client(served.server->path());
  Guest guest(client);
  std::vector<UniqueFd> fds;
  SUBCASE("it never asked") {
    guest.agree_version();
  }
  SUBCASE("it had no room for the capability") {
    guest.agree_version();
    RegionInfoBody info = ask_for_registers(client, fds, sizeof(RegionInfoBody));
    CHECK(info.argsz == 0x40);
    CHECK(info.capability_offset == 0);
  }
  SUBCASE("it takes no descriptors") {
    Bytes version = with_tail(join(VersionBody{0, 1}),
                              std::as_bytes(std::span(R"({"capabilities":{"max_msg_fds":0}})")));
    CHECK(error_of(client.call(CommandCode::Version, version)) == 0);
    CHECK(ask_for_registers(client, fds).flags == 3);
  }
  CHECK(fds.empty());
  REQUIRE(guest.map_memory() == 0);
  REQUIRE(guest.enable());
  REQUIRE(guest.create_io_queues() == 0);
  leave_idle();
  CHECK(works(guest));
}

TEST_CASE("the file of the doorbells has nothing else in it, and cannot be shrunk") {
  Served served(1, Doorbells::Poll);
  SocketClient client(served.server->path());
  Guest guest(client);
  guest.agree_version();
  DoorbellPage page(client);
  struct stat file;
  REQUIRE(fstat(page.fd(), &file) == 0);
  CHECK(file.st_size == 2 * kPage);
  std::byte first[kPage];
  REQUIRE(pread(page.fd(), first, kPage, 0) == kPage);
  for (std::byte byte : first) REQUIRE(byte == std::byte{0});
  CHECK(ftruncate(page.fd(), 0) != 0);
  CHECK(ftruncate(page.fd(), 1 << 20) != 0);
  CHECK(fcntl(page.fd(), F_ADD_SEALS, F_SEAL_WRITE) != 0);
}

TEST_CASE("a client that has gone rings nothing of the next one's") {
  Served served(1, Doorbells::Poll);
  SocketClient first(served.server->path());
  Guest(first).agree_version();
  DoorbellPage stale(first);
  first.close();

  SocketClient client(served.server->path());
  Guest guest(client);
  guest.agree_version();
  DoorbellPage page(client);
  REQUIRE(guest.map_memory() == 0);
  guest.use_doorbells(page.words());
  REQUIRE(guest.enable());
  REQUIRE(guest.create_io_queues() == 0);
  for (size_t i = 0; i < kPage / sizeof(uint32_t); i++) stale.words()[i] = 1;
  CHECK(page.words()[4] == 0);
  CHECK(works(guest));
}

TEST_CASE("doorbells full of nonsense harm only their client") {
  Served served(2, Doorbells::Poll);
  ScratchFolder other_folder;
  auto other = Server::start(served.runner, other_folder.path(),
                             {.controller_index = 1, .doorbells = Doorbells::Poll});
  REQUIRE(other.ok());
  SocketClient hostile(served.server->path()), honest(other.value()->path());
  Guest bad(hostile), good(honest);
  bad.agree_version();
  good.agree_version();
  DoorbellPage bad_page(hostile), good_page(honest);
  REQUIRE(bad.map_memory() == 0);
  REQUIRE(good.map_memory() == 0);
  good.use_doorbells(good_page.words());
  REQUIRE(bad.enable());
  REQUIRE(good.enable());
  REQUIRE(good.create_io_queues() == 0);
  for (uint32_t round = 0; round < 100; round++) {
    for (uint32_t i = 0; i < kPage / sizeof(uint32_t); i++) {
      std::atomic_ref<uint32_t>(bad_page.words()[i]).store(round * 0x01234567 + i);
    }
    REQUIRE(works(good));
  }
  CHECK(bad.disable());
}

TEST_CASE("one of two polled devices that ends leaves the other polled") {
  Served served(2, Doorbells::Poll);
  ScratchFolder other_folder;
  auto other = Server::start(served.runner, other_folder.path(),
                             {.controller_index = 1, .doorbells = Doorbells::Poll});
  REQUIRE(other.ok());
  SocketClient first(served.server->path()), second(other.value()->path());
  Guest staying(first), leaving(second);
  staying.agree_version();
  leaving.agree_version();
  DoorbellPage page(first), other_page(second);
  for (Guest* guest : {&staying, &leaving}) {
    REQUIRE(guest->map_memory() == 0);
    REQUIRE(guest->enable());
  }
  staying.use_doorbells(page.words());
  REQUIRE(staying.create_io_queues() == 0);
  other.value()->stop();
  leave_idle();
  CHECK(works(staying));
}

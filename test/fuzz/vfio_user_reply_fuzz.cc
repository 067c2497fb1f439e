// SPDX-License-Identifier: MIT
// Everything a server may say to our client: replies, good and bad, requests, and bytes that are no
// message, with file descriptors. All of it is in the socket before the client asks.
#include <sys/socket.h>

#include <cstdlib>

#include "input.h"
#include "native/descriptor_socket.h"
#include "vfio_user/client.h"

namespace nvm::fuzz {
namespace {

using namespace vfio_user;

constexpr uint32_t kPatienceMs = 1000;  // nothing waits that long: the other end is closed
constexpr int kSaidMax = 16;

constexpr CommandCode kAsked[] = {
    CommandCode::Version,          CommandCode::DeviceGetInfo, CommandCode::DeviceGetRegionInfo,
    CommandCode::DeviceGetIrqInfo, CommandCode::RegionRead,    CommandCode::DmaMap,
    CommandCode::DeviceSetIrqs,    CommandCode::DeviceReset};
constexpr RegionAccessBody kRead{8, 0, 8};

void require(bool condition) {
  if (!condition) abort();
}

void say(int socket, std::span<const std::byte> bytes, size_t fd_count) {
  (void)test::send_with_fds(socket, bytes, std::vector<int>(fd_count, socket), MSG_DONTWAIT);
}

// A message as the client may expect it as its `number`th reply, with what the input changes.
void say_message(Input& input, int socket, uint16_t number) {
  const uint8_t kind = input.u8();
  const auto text = std::as_bytes(input.bytes(input.u8()));
  const size_t fd_count = kind & 1 ? input.below(33) : 0;
  if (kind & 2) return say(socket, text, fd_count);
  uint16_t id = number;
  auto code = static_cast<uint16_t>(kAsked[number % std::size(kAsked)]);
  uint32_t flags = header_flag::type_reply;
  if (kind & 4) flags = input.u32();
  if (kind & 8) code = input.u16();
  if (kind & 16) id = input.u16();
  auto byte_length = static_cast<uint32_t>(sizeof(Header) + text.size());
  if (kind & 32) byte_length = input.u32();
  const Header header{id, code, byte_length, flags, kind & 4 ? input.u32() : 0};
  std::vector<std::byte> bytes(sizeof header);
  std::memcpy(bytes.data(), &header, sizeof header);
  bytes.insert(bytes.end(), text.begin(), text.end());
  say(socket, bytes, fd_count);
}

void check_region(std::span<const std::byte> payload) {
  const auto region = parse_region_info_reply(0, payload);
  if (!region) return;
  for (const SparseArea& area : region->areas) {
    require(area.byte_length != 0 && area.offset + area.byte_length > area.offset);
    require(area.offset + area.byte_length <= region->body.byte_length);
  }
}

void ask_everything(Client& client) {
  for (size_t i = 1; i < std::size(kAsked); i++) {
    const bool has_fds = kAsked[i] == CommandCode::DeviceGetRegionInfo;
    auto reply = client.call(kAsked[i], {as_bytes_of(kRead)}, -1, has_fds ? 2 : 0);
    if (!reply.ok()) continue;
    require(reply.value().fds.size() <= (has_fds ? 2 : 0));
    const std::span<const std::byte> payload = reply.value().payload;
    if (has_fds) check_region(payload);
    if (kAsked[i] == CommandCode::RegionRead) {
      const auto data = parse_region_read_reply(kRead, payload);
      require(!data || data->size() == kRead.count);
    }
    (void)parse_device_info_reply(payload);
    (void)parse_irq_info_reply(2, payload);
    (void)parse_version_reply(payload);
  }
  client.post(make_command(CommandCode::RegionWrite, 0, header_flag::no_reply));
}

}  // namespace
}  // namespace nvm::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t byte_length) {
  nvm::fuzz::Input input({bytes, byte_length});
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) return 0;
  nvm::UniqueFd server(ends[0]);
  nvm::UniqueFd client_end(ends[1]);
  for (uint16_t i = 0; i < nvm::fuzz::kSaidMax && !input.empty(); i++) {
    nvm::fuzz::say_message(input, server.get(), i);
  }
  shutdown(server.get(), SHUT_WR);
  auto client =
      nvm::vfio_user::Client::agree_on(std::move(client_end), "fuzz", nvm::fuzz::kPatienceMs);
  if (!client.ok()) return 0;
  nvm::fuzz::ask_everything(*client.value());
  return 0;
}

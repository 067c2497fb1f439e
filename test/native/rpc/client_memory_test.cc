// SPDX-License-Identifier: MIT
// Which memory of a client a manager maps, and when it lets go of it.
#include <fcntl.h>

#include "rpc/scripted.h"

namespace nvm::test {
namespace {

constexpr uint64_t kPage = 4096;

rpc::ServiceLimits small() {
  rpc::ServiceLimits limits;
  limits.mapped_bytes_max = 8 * kPage;
  limits.mappings_max = 2;
  return limits;
}

ErrorCode map(Scripted& client, int fd, const spec::RpcMap& request) {
  return client.refusal(spec::rpc_code::map, request, {fd});
}

TEST_CASE("only sealed memory is mapped") {
  ScriptedService served;
  Scripted client(served);
  const UniqueFd open_memory(memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  REQUIRE(ftruncate(open_memory.get(), kPage) == 0);
  CHECK(map(client, open_memory.get(), {0, kPage, 0}) == ErrorCode::Argument);
  const UniqueFd device(open("/dev/zero", O_RDWR | O_CLOEXEC));
  CHECK(map(client, device.get(), {0, kPage, 0}) == ErrorCode::Argument);
  INFO("of huge pages there may be none when one is touched");
  const UniqueFd huge(memfd_create("huge", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB));
  if (huge.valid() && ftruncate(huge.get(), 2 << 20) == 0 &&
      fcntl(huge.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0) {
    CHECK(map(client, huge.get(), {0, kPage, 0}) == ErrorCode::Argument);
  }
  INFO("memory that may only be read");
  std::byte* bytes;
  const UniqueFd published = make_published_memory("published", kPage, &bytes);
  CHECK(map(client, published.get(), {0, kPage, 0}) == ErrorCode::Permission);
  munmap(bytes, kPage);
  CHECK(client.map(1) != 0);
}

TEST_CASE("what is mapped lies in the memory, in whole pages, and fits the client's limits") {
  ScriptedService served({}, small());
  Scripted client(served);
  const UniqueFd fd = make_sealed_memory("limits", 16 * kPage);
  CHECK(map(client, fd.get(), {0, 0, 0}) == ErrorCode::Alignment);
  CHECK(map(client, fd.get(), {0, 100, 0}) == ErrorCode::Alignment);
  CHECK(map(client, fd.get(), {100, kPage, 0}) == ErrorCode::Alignment);
  CHECK(map(client, fd.get(), {0, kPage, 100}) == ErrorCode::Alignment);
  CHECK(map(client, fd.get(), {16 * kPage, kPage, 0}) == ErrorCode::Argument);
  CHECK(map(client, fd.get(), {15 * kPage, 2 * kPage, 0}) == ErrorCode::Argument);
  CHECK(map(client, fd.get(), {UINT64_MAX - kPage + 1, kPage, 0}) == ErrorCode::Argument);
  CHECK(map(client, fd.get(), {0, 9 * kPage, 0}) == ErrorCode::Range);
  CHECK(map(client, fd.get(), {0, UINT64_MAX - kPage + 1, 0}) == ErrorCode::Range);
  CHECK(map(client, fd.get(), {0, 8 * kPage, 0}) == ErrorCode{});
  CHECK(map(client, fd.get(), {0, kPage, 0}) == ErrorCode::Range);
}

TEST_CASE("a client may have so many pieces, and what it unmaps counts no more") {
  ScriptedService served({}, small());
  Scripted client(served);
  const uint64_t first = client.map(1);
  CHECK(client.map(1) != 0);
  CHECK(client.map(1) == 0);
  CHECK(client.refusal(spec::rpc_code::unmap, spec::RpcUnmap{first}) == ErrorCode{});
  CHECK(client.refusal(spec::rpc_code::unmap, spec::RpcUnmap{first}) == ErrorCode::Argument);
  CHECK(client.map(1) != 0);
}

TEST_CASE("an address that is taken cannot be wanted") {
  ScriptedService served;
  Scripted client(served);
  Scripted other(served);
  const uint64_t taken = other.map(4);
  const UniqueFd fd = make_sealed_memory("wanted", 4 * kPage);
  CHECK(map(client, fd.get(), {0, 4 * kPage, taken}) != ErrorCode{});
  CHECK(map(client, fd.get(), {0, 4 * kPage, taken + kPage}) != ErrorCode{});
  CHECK(map(client, fd.get(), {0, 4 * kPage, UINT64_MAX - kPage + 1}) != ErrorCode{});
  const uint64_t free_address = taken + (1u << 24);
  CHECK(map(client, fd.get(), {0, 4 * kPage, free_address}) == ErrorCode{});
}

TEST_CASE("memory stays mapped while a queue lives in it") {
  ScriptedService served;
  Scripted client(served);
  const uint64_t memory = client.map(2);
  const uint16_t id = client.create_pair(memory);
  CHECK(client.refusal(spec::rpc_code::unmap, spec::RpcUnmap{memory}) == ErrorCode::Busy);
  CHECK(client.admin_status(
            Scripted::about_queue(spec::admin_opcode::delete_io_submission_queue, id)) == 0);
  CHECK(client.admin_status(
            Scripted::about_queue(spec::admin_opcode::delete_io_completion_queue, id)) == 0);
  CHECK(client.refusal(spec::rpc_code::unmap, spec::RpcUnmap{memory}) == ErrorCode{});
}

TEST_CASE("memory stays mapped while an admin command may use it, also one that was given up") {
  ScriptedService served;
  Scripted client(served);
  const uint64_t memory = client.map(1);
  served.drop_admin(spec::admin_opcode::identify);
  spec::SubmissionQueueEntry identify{};
  identify.opc = spec::admin_opcode::identify;
  identify.cdw10 = spec::cns::identify_controller;
  identify.prp1 = memory;
  CHECK(client.admin_refusal(identify, 1) == ErrorCode::Timeout);
  CHECK(client.refusal(spec::rpc_code::unmap, spec::RpcUnmap{memory}) == ErrorCode::Busy);
  INFO("until a reset");
  REQUIRE(served.controller->reset(served.controller->epoch()).ok());
  served.step();
  CHECK(client.refusal(spec::rpc_code::unmap, spec::RpcUnmap{memory}) == ErrorCode{});
}

TEST_CASE("the word of a wake-up keeps its memory") {
  ScriptedService served;
  Scripted client(served);
  const uint64_t memory = client.map(1);
  client.take_queue(true);
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const UniqueFd mine(ends[0]), its(ends[1]);
  spec::RpcBindWake body{};
  body.vector = 1;
  body.armed_address = memory + 1;
  CHECK(client.refusal(spec::rpc_code::bind_wake, body, {its.get()}) == ErrorCode::Argument);
  body.armed_address = memory + kPage;
  CHECK(client.refusal(spec::rpc_code::bind_wake, body, {its.get()}) == ErrorCode::Argument);
  body.armed_address = memory + 64;
  CHECK(client.refusal(spec::rpc_code::bind_wake, body, {its.get()}) == ErrorCode{});
  CHECK(client.refusal(spec::rpc_code::unmap, spec::RpcUnmap{memory}) == ErrorCode::Busy);
  CHECK(client.refusal(spec::rpc_code::bind_wake, body) == ErrorCode{});
  CHECK(client.refusal(spec::rpc_code::unmap, spec::RpcUnmap{memory}) == ErrorCode{});
}

}  // namespace
}  // namespace nvm::test

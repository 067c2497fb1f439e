// SPDX-License-Identifier: MIT
// Asynchronous events on their way to clients.
#include "rpc/remote_events.h"
#include "rpc/scripted.h"

namespace nvm::test {
namespace {

rpc::Message make_notice(uint64_t dropped) {
  spec::RpcEvent body{};
  body.dropped = dropped;
  return rpc::make_message(spec::rpc_code::event, 0, body);
}

TEST_CASE("events that do not fit into a client's socket are counted, and the next one says so") {
  ScriptedService served;
  Scripted client(served);
  REQUIRE(client.call(spec::rpc_code::watch_events, 0).header().error == 0);
  AsyncEvent event;
  event.log.resize(4096);
  constexpr uint64_t kTold = 1000;
  for (uint64_t i = 0; i < kTold; i++) served.service->tell(event);
  uint64_t arrived = 0;
  rpc::Message notice;
  while (client.notices->receive(notice) == rpc::Channel::State::Ready) arrived++;
  CHECK(arrived < kTold);
  served.service->tell(event);
  REQUIRE(client.notices->receive(notice) == rpc::Channel::State::Ready);
  const auto body = rpc::parse_body<spec::RpcEvent>(notice);
  REQUIRE(body.has_value());
  CHECK(body->dropped == kTold - arrived);
}

TEST_CASE("a client counts what its manager dropped, of one manager after the other, and itself") {
  rpc::ReceivedEvents events(nullptr, nullptr);
  events.receive(make_notice(3));
  events.receive(make_notice(3));
  CHECK(events.dropped() == 3);
  events.receive(make_notice(5));
  CHECK(events.dropped() == 5);
  INFO("a manager that begins anew");
  events.receive(make_notice(1));
  CHECK(events.dropped() == 6);
  for (size_t i = 0; i < kUntakenEventsMax; i++) events.receive(make_notice(1));
  CHECK(events.dropped() == 10);
  CHECK(events.take().value().size() == kUntakenEventsMax);
}

TEST_CASE("a device that does not answer for a log page holds up no client") {
  FaultyEmulator emulator;
  Folder folder;
  auto served = rpc::share(*emulator.controller);
  REQUIRE(served.ok());
  auto started = rpc::Server::start(served.value(), folder / "nvm", {}, {});
  REQUIRE(started.ok());
  auto client = open_controller(open_transport(started.value()->path()));
  auto watcher = client->events().watch(-1);
  REQUIRE(watcher.ok());
  INFO("the manager begins to watch once it has answered");
  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::get_features;
  command.cdw10 = spec::feature::asynchronous_event_configuration;
  REQUIRE(wait_until(thread_waiter(), kTimeoutNs, [&] {
    auto configured = emulator.controller->admin(command, kTimeoutNs);
    return configured.ok() && configured.value().dword0 != 0;
  }));
  emulator.delay_admin(spec::admin_opcode::get_log_page, kSecondNs);
  {
    emulator::Runner::Pause pause(emulator.device->runner());
    REQUIRE(pause.subsystem().remove_namespace(1));
  }
  auto page = client->allocate(4096);
  REQUIRE(page.ok());
  const uint64_t until_ns = thread_waiter().now_ns() + kSecondNs;
  unsigned count = 0;
  bool has_event = false;
  while (!has_event && thread_waiter().now_ns() < until_ns + 4 * kSecondNs) {
    REQUIRE(identify(*client, page.value()).ok());
    count++;
    has_event = client->events().look(*watcher.value());
  }
  CHECK(has_event);
  INFO("a blocked server answers once in that second");
  CHECK(count > 10);
  client->events().unwatch(watcher.value());
  (void)client->close();
}

}  // namespace
}  // namespace nvm::test

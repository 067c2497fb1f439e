// SPDX-License-Identifier: MIT
// Asynchronous events on their way to clients.
#include <functional>
#include <thread>

#include "rpc/remote_events.h"
#include "rpc/scripted.h"
#include "transport/rpc_transport.h"

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
  client.send(spec::rpc_code::watch_events, 0);
  REQUIRE(served.step_until([&] { return served.service->wants_events(); }));
  served.service->answer_watchers({});
  REQUIRE(client.receive().header().error == 0);
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
  rpc::ReceivedEvents events(nullptr);
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

bool comes_true(const std::function<bool()>& condition) {
  return wait_until(thread_waiter(), kTimeoutNs, condition);
}

// That the manager fails to enable events `times` times.
void refuse_events(FaultyEmulator& manager, uint64_t times) {
  manager.refuse_admin(spec::admin_opcode::set_features, spec::status::internal_error, times);
}

TEST_CASE("every event is told that happens after the answer to who wants to hear of them") {
  ServedEmulator manager;
  auto client = manager.connect();
  auto other = manager.connect();
  auto page = other->allocate(4096);
  REQUIRE(page.ok());
  manager.delay_admin(spec::admin_opcode::set_features, kSecondNs);
  std::atomic<bool> watches{false};
  Result<std::shared_ptr<EventWatcher>> watcher = Status(ErrorCode::Timeout);
  std::thread watching([&] {
    watcher = client->events().watch(-1);
    watches = true;
    manager.controller->events().report_namespace_change(1);
  });
  INFO("whom the manager serves meanwhile");
  CHECK(identify(*other, page.value()).ok());
  CHECK_FALSE(watches);
  watching.join();
  REQUIRE(watcher.ok());
  CHECK(comes_true([&] { return client->events().look(*watcher.value()); }));
  client->events().unwatch(watcher.value());
}

TEST_CASE("a controller that does not let itself be watched is asked again, and then it is said") {
  ServedEmulator manager;
  auto client = manager.connect();
  refuse_events(manager, 3);
  auto watcher = client->events().watch(-1);
  REQUIRE(watcher.ok());
  client->events().unwatch(watcher.value());

  ServedEmulator stubborn;
  auto refused = stubborn.connect();
  refuse_events(stubborn, 5);
  watcher = refused->events().watch(-1);
  REQUIRE_FALSE(watcher.ok());
  CHECK(watcher.status().failure().code == ErrorCode::NvmeStatus);
  INFO("whoever asks next begins anew");
  watcher = refused->events().watch(-1);
  REQUIRE(watcher.ok());
  stubborn.controller->events().report_namespace_change(1);
  CHECK(comes_true([&] { return refused->events().look(*watcher.value()); }));
  refused->events().unwatch(watcher.value());
}

TEST_CASE("a reset after which the controller refuses events for a moment ends them for a moment") {
  ServedEmulator manager;
  auto client = manager.connect();
  auto watcher = client->events().watch(-1);
  REQUIRE(watcher.ok());
  constexpr uint64_t kNth = 2;  // after Number of Queues
  manager.refuse_admin(spec::admin_opcode::set_features, spec::status::internal_error, 0, kNth);
  REQUIRE(manager.controller->reset(manager.controller->epoch()).ok());
  CHECK(comes_true([&] {
    change_namespaces(manager.device->runner());
    return client->events().look(*watcher.value());
  }));
  CHECK(client->events().take(*watcher.value()).ok());
  client->events().unwatch(watcher.value());
}

TEST_CASE("a next manager that cannot watch its controller ends the events, and nothing else") {
  Folder folder;
  EmulatorOptions options;
  options.image = folder / "image";
  options.namespaces[0].byte_length = 8 << 20;
  options.create = true;
  const auto serve = [&](FaultyEmulator& emulator) {
    auto started =
        rpc::Server::start(rpc::share(*emulator.controller).value(), folder / "nvm", {}, {});
    REQUIRE(started.ok());
    return std::move(started.value());
  };
  std::optional<FaultyEmulator> first(options);
  auto server = serve(*first);
  auto client = open_controller(RpcTransport::open(folder / "nvm", kTimeoutNs));
  auto page = client->allocate(4096).value();
  auto watcher = client->events().watch(-1);
  REQUIRE(watcher.ok());
  server.reset();
  REQUIRE(first->controller->close().ok());
  first.reset();

  FaultyEmulator next(options);
  refuse_events(next, UINT64_MAX);
  server = serve(next);
  CHECK(identify(*client, page).ok());
  CHECK(client->transport().later_managers() == 1);
  REQUIRE(client->events().look(*watcher.value()));
  auto taken = client->events().take(*watcher.value());
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.status().failure().code == ErrorCode::NvmeStatus);
  CHECK(taken.status().failure().detail.find("asked for events") != std::string::npos);
  client->events().unwatch(watcher.value());
  INFO("whoever asks next begins anew");
  next.clear_faults();
  watcher = client->events().watch(-1);
  REQUIRE(watcher.ok());
  CHECK_FALSE(client->events().look(*watcher.value()));
  next.controller->events().report_namespace_change(1);
  CHECK(comes_true([&] { return client->events().look(*watcher.value()); }));
  client->events().unwatch(watcher.value());
}

TEST_CASE(
    "events that the thread that serves does not take in time are few, and the rest counted") {
  FaultyEmulator emulator;
  std::atomic<unsigned> news{0};
  auto started = rpc::EventFollower::start(emulator.controller, [&] { news++; });
  REQUIRE(started.ok());
  rpc::EventFollower& follower = *started.value();
  REQUIRE(comes_true([&] { return news != 0; }));
  CHECK(follower.take().watches);
  constexpr uint64_t kTold = 200;
  for (uint32_t i = 1; i <= kTold; i++) {
    const unsigned before = news;
    emulator.controller->events().report_namespace_change(i);
    REQUIRE(comes_true([&] { return news != before; }));
  }
  const auto untaken = follower.take();
  REQUIRE(untaken.events.size() == kUntakenEventsMax);
  CHECK(untaken.dropped == kTold - kUntakenEventsMax);
  uint32_t last = 0;
  std::memcpy(&last, untaken.events.back().log.data(), sizeof last);
  CHECK(last == kTold);
  CHECK(follower.take().dropped == 0);
}

TEST_CASE("a device that does not answer for a log page holds up no client") {
  ServedEmulator emulator;
  auto client = emulator.connect();
  auto watcher = client->events().watch(-1);
  REQUIRE(watcher.ok());
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

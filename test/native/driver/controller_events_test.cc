// SPDX-License-Identifier: MIT
// Asynchronous events of a scripted device: who hears of them, what stays outstanding, and what
// becomes of it all in a reset and at the end.
#include "driver/controller_events.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "driver/controller.h"
#include "driver/fake_device.h"

namespace nvm::test {
namespace {

using Answer = FakeDevice::Answer;
namespace opcode = spec::admin_opcode;

constexpr uint64_t kTimeoutNs = 100 * kNanosecondsPerMillisecond;
constexpr uint8_t kRequestsOfDevice = 3;

uint32_t event_of(uint8_t type, uint8_t log_page) {
  return spec::async_event_dw0::aet.put(type) | spec::async_event_dw0::lid.put(log_page);
}
const uint32_t kNamespaceChanged =
    event_of(spec::async_event_type::notice, spec::log_page::changed_namespace_list);

struct EventHost {
  std::shared_ptr<FakeDevice> device = std::make_shared<FakeDevice>();
  FakeWaiter waiter{*device};
  std::shared_ptr<Controller> controller;
  std::vector<spec::SubmissionQueueEntry> sent;
  uint8_t answers_per_log = 7;  // the first byte of every log page

  explicit EventHost(uint32_t entries_max = 1024) {
    device->set_queue_entries_max(entries_max);
    device->on_admin = [this](const spec::SubmissionQueueEntry& command) {
      sent.push_back(command);
      auto* data = reinterpret_cast<spec::IdentifyController*>(command.prp1);
      if (command.opc == opcode::identify) {
        data->aerl = kRequestsOfDevice - 1;
        data->oaes = spec::oaes::namespace_attribute.put(1);
      }
      if (command.opc == opcode::get_log_page) {
        *reinterpret_cast<uint8_t*>(command.prp1) = answers_per_log;
      }
      return command.opc == opcode::asynchronous_event_request ? Answer::Hold : Answer::Complete;
    };
    auto opened = Controller::open(device, waiter);
    REQUIRE(opened.ok());
    controller = opened.value();
    REQUIRE(controller->claim_admin().ok());
  }

  ControllerEvents& events() { return controller->events(); }

  std::shared_ptr<EventWatcher> watch(int fd = -1) {
    auto watcher = events().watch(fd);
    REQUIRE(watcher.ok());
    device->step();
    return watcher.value();
  }

  std::vector<AsyncEvent> take(const std::shared_ptr<EventWatcher>& watcher) {
    auto taken = events().take(*watcher);
    REQUIRE(taken.ok());
    device->step();
    return std::move(taken.value().events);
  }

  // The oldest request that is outstanding carries it.
  void report(uint32_t dword0, uint16_t status = 0) {
    REQUIRE(!device->held.empty());
    device->post(device->held.front().cid, dword0, status);
    device->held.pop_front();
  }

  bool submit() {
    spec::SubmissionQueueEntry command{};
    command.opc = opcode::keep_alive;
    return controller->admin(command, kTimeoutNs).ok();
  }

  size_t count(uint8_t which) const {
    return static_cast<size_t>(std::count_if(
        sent.begin(), sent.end(), [=](const auto& command) { return command.opc == which; }));
  }

  uint32_t last_configuration() const {
    uint32_t value = 0;
    for (const auto& command : sent) {
      if (command.opc == opcode::set_features &&
          command.cdw10 == spec::feature::asynchronous_event_configuration) {
        value = command.cdw11;
      }
    }
    return value;
  }
};

TEST_CASE("as many event requests as the controller takes are outstanding, each sent again") {
  EventHost host;
  const auto watcher = host.watch();
  CHECK(host.device->held.size() == kRequestsOfDevice);
  for (int i = 0; i < 200; i++) {  // more than there are ids
    host.report(kNamespaceChanged);
    REQUIRE(host.events().look(*watcher));
    REQUIRE(host.take(watcher).size() == 1);
    REQUIRE(host.device->held.size() == kRequestsOfDevice);
  }
  CHECK(!host.events().look(*watcher));
}

TEST_CASE("every event of the controller is enabled but telemetry, beside what was") {
  namespace field = spec::feature_asynchronous_event_configuration;
  EventHost host;
  (void)host.watch();
  // The device answers Get Features with the feature's number, which has bits of critical warnings.
  CHECK(host.last_configuration() == (0x3fu | field::namespace_attribute.mask));
}

TEST_CASE("a log page is read once, and every watcher gets it") {
  EventHost host;
  const auto one = host.watch();
  const auto other = host.watch();
  host.report(kNamespaceChanged);
  for (const auto& watcher : {one, other}) {
    CHECK(host.events().look(*watcher));
    const std::vector<AsyncEvent> events = host.take(watcher);
    REQUIRE(events.size() == 1);
    CHECK(events[0].dword0 == kNamespaceChanged);
    REQUIRE(events[0].log.size() == sizeof(spec::NamespaceList));
    CHECK(events[0].log[0] == std::byte{7});
  }
  CHECK(host.count(opcode::get_log_page) == 1);
}

TEST_CASE("an event without a log page, and one whose page its consumer releases, read none") {
  EventHost host;
  const auto watcher = host.watch();
  host.report(event_of(spec::async_event_type::vendor_specific, 0));
  host.report(
      event_of(spec::async_event_type::notice, spec::log_page::telemetry_controller_initiated));
  const std::vector<AsyncEvent> events = host.take(watcher);
  REQUIRE(events.size() == 2);
  CHECK(events[0].log.empty());
  CHECK(events[1].log.empty());
  CHECK(host.count(opcode::get_log_page) == 0);
}

TEST_CASE("an event whose log page cannot be read comes with the reason") {
  EventHost host;
  const auto watcher = host.watch();
  const auto answer = host.device->on_admin;
  host.device->on_admin = [&](const spec::SubmissionQueueEntry& command) {
    if (command.opc != opcode::get_log_page) return answer(command);
    host.device->post(command.cid, 0, spec::status::internal_error);
    return Answer::Hold;
  };
  host.report(kNamespaceChanged);
  const std::vector<AsyncEvent> events = host.take(watcher);
  REQUIRE(events.size() == 1);
  REQUIRE(events[0].failure.has_value());
  CHECK(events[0].failure->nvme_status == spec::status::internal_error);
}

TEST_CASE("a sleeping watcher is woken for an event that another command's wait finds") {
  EventHost host;
  int fds[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
  const auto watcher = host.watch(fds[1]);
  CHECK(!host.events().look(*watcher));
  host.report(kNamespaceChanged);
  char byte = 1;
  CHECK(read(fds[0], &byte, 1) == -1);
  REQUIRE(host.submit());
  CHECK(read(fds[0], &byte, 1) == 1);
  CHECK(host.take(watcher).size() == 1);

  host.events().unwatch(watcher);
  while (read(fds[0], &byte, 1) == 1) continue;
  host.report(kNamespaceChanged);
  REQUIRE(host.submit());
  CHECK(read(fds[0], &byte, 1) == -1);
  close(fds[0]);
  close(fds[1]);
}

TEST_CASE("when the watcher that is woken goes, another one is") {
  EventHost host;
  int fds[2];
  int gone[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, gone) == 0);
  const auto first = host.watch(gone[1]);
  const auto second = host.watch(fds[1]);
  host.events().unwatch(first);
  char byte = 1;
  REQUIRE(read(fds[0], &byte, 1) == 1);  // told to look
  CHECK(!host.events().look(*second));
  host.report(kNamespaceChanged);
  REQUIRE(host.submit());
  CHECK(read(fds[0], &byte, 1) == 1);
  CHECK(read(gone[0], &byte, 1) == -1);
  for (int fd : {fds[0], fds[1], gone[0], gone[1]}) close(fd);
}

TEST_CASE("what happened without a watcher is told to the next one") {
  EventHost host;
  host.events().unwatch(host.watch());
  host.report(kNamespaceChanged);
  REQUIRE(host.submit());
  host.device->step();
  CHECK(host.device->held.size() == kRequestsOfDevice - 1);  // not sent again
  const auto watcher = host.watch();
  CHECK(host.device->held.size() == kRequestsOfDevice);
  CHECK(host.take(watcher).size() == 1);
}

TEST_CASE("a watcher that takes nothing loses the oldest events, and hears how many") {
  EventHost host;
  const auto idle = host.watch();
  const auto busy = host.watch();
  for (uint32_t i = 0; i < kUntakenEventsMax + 5; i++) {
    host.report(event_of(spec::async_event_type::vendor_specific, 0) |
                spec::async_event_dw0::aei.put(i));
    REQUIRE(host.take(busy).size() == 1);
  }
  auto taken = host.events().take(*idle);
  REQUIRE(taken.ok());
  CHECK(taken.value().dropped == 5);
  REQUIRE(taken.value().events.size() == kUntakenEventsMax);
  CHECK(spec::async_event_dw0::aei.get(taken.value().events[0].dword0) == 5);
}

TEST_CASE("events that nobody takes are bounded: no more requests are sent than have room") {
  EventHost host;
  const auto watcher = host.watch();
  size_t reported = 0;
  for (; reported < 1000 && !host.device->held.empty(); reported++) {
    host.report(kNamespaceChanged);
    REQUIRE(host.submit());
    host.device->step();
  }
  CHECK(reported == 64);
  CHECK(host.take(watcher).size() == 64);
  CHECK(host.device->held.size() == kRequestsOfDevice);
}

TEST_CASE("after a reset the configuration and the requests are there again") {
  EventHost host;
  const auto watcher = host.watch();
  const uint32_t configuration = host.last_configuration();
  const size_t mapped = host.device->mapped.size();
  host.sent.clear();
  host.device->held.clear();  // the device forgets them
  REQUIRE(host.controller->reset(host.controller->epoch()).ok());
  host.device->step();
  CHECK(host.last_configuration() == configuration);
  CHECK(host.device->held.size() == kRequestsOfDevice);
  CHECK(host.device->mapped.size() == mapped);
  host.report(kNamespaceChanged);
  CHECK(host.take(watcher).size() == 1);
}

TEST_CASE("a controller that does not come back from a reset fails the watchers") {
  EventHost host;
  const auto watcher = host.watch();
  host.device->becomes_ready = false;
  CHECK(!host.controller->reset(host.controller->epoch()).ok());
  CHECK(host.events().look(*watcher));
  auto taken = host.events().take(*watcher);
  REQUIRE(!taken.ok());
  CHECK(taken.status().failure().code == ErrorCode::Timeout);
}

TEST_CASE("a controller may take fewer event requests than it says, or none") {
  constexpr uint16_t kRefused = spec::status::asynchronous_event_request_limit_exceeded;
  EventHost host;
  const auto watcher = host.watch();
  host.report(0, kRefused);
  CHECK(!host.events().look(*watcher));
  host.device->step();
  CHECK(host.device->held.size() == kRequestsOfDevice - 1);
  host.report(0, kRefused);
  host.report(0, kRefused);
  CHECK(host.events().look(*watcher));
  auto taken = host.events().take(*watcher);
  REQUIRE(!taken.ok());
  CHECK(taken.status().failure().nvme_status == kRefused);
  CHECK(host.device->held.empty());
}

TEST_CASE("commands go on beside event requests, in the shortest admin queue that has room") {
  EventHost host(3);  // two ids
  const auto watcher = host.watch();
  CHECK(host.device->held.size() == 1);
  for (int i = 0; i < 50; i++) REQUIRE(host.submit());
  host.report(kNamespaceChanged);
  CHECK(host.take(watcher).size() == 1);
}

TEST_CASE("an admin queue with a single id has none for event requests") {
  EventHost host(2);
  auto refused = host.events().watch(-1);
  REQUIRE(!refused.ok());
  CHECK(refused.status().failure().code == ErrorCode::Unsupported);
  CHECK(host.submit());
}

TEST_CASE("closing the controller ends the watchers, and its memory goes") {
  EventHost host;
  const auto watcher = host.watch();
  const unsigned unmapped = host.device->unmapped_while_enabled;
  REQUIRE(host.controller->close().ok());
  CHECK(host.device->mapped.empty());
  CHECK(host.device->unmapped_while_enabled == unmapped);
  CHECK(host.events().look(*watcher));
  auto taken = host.events().take(*watcher);
  REQUIRE(!taken.ok());
  CHECK(taken.status().failure().code == ErrorCode::Closed);
  host.events().unwatch(watcher);
}

TEST_CASE("a reference without the admin queues watches nothing") {
  auto device = std::make_shared<FakeDevice>();
  FakeWaiter waiter{*device};
  auto opened = Controller::open(device, waiter);
  REQUIRE(opened.ok());
  auto watched = opened.value()->events().watch(-1);
  REQUIRE(!watched.ok());
  CHECK(watched.status().failure().code == ErrorCode::NoAdmin);
}

}  // namespace
}  // namespace nvm::test

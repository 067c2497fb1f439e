// SPDX-License-Identifier: MIT
// A child made by fork() gets an error from what it inherited, leaves its parent's device as it is,
// and can open its own.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver/controller.h"
#include "driver/quarantine.h"
#include "transport/fake_pci_device.h"
#include "transport/open.h"
#include "transport/open_devices.h"
#include "transport/sysfs_transport.h"

namespace nvm::test {
namespace {

constexpr uint64_t kTimeoutNs = 1'000 * kNanosecondsPerMillisecond;

// What `child` returns, in a child; −1 when a signal ended it.
template <class Child>
int run_in_child(Child child) {
  const pid_t id = fork();
  if (id == 0) _exit(child());
  int status = 0;
  REQUIRE(waitpid(id, &status, 0) == id);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool is_refused(const Status& status) {
  if (status.ok() || status.failure().code != ErrorCode::Closed) return false;
  return status.failure().detail.find(std::to_string(getppid())) != std::string::npos;
}

std::shared_ptr<Controller> open_memory_controller() {
  EmulatorOptions options;
  options.namespaces[0].byte_length = 1 << 20;
  auto transport = open_emulator(options);
  REQUIRE(transport.ok());
  auto controller = Controller::open(transport.value(), thread_waiter());
  REQUIRE(controller.ok());
  REQUIRE(controller.value()->claim_admin().ok());
  return controller.value();
}

bool works(Controller& controller) {
  spec::SubmissionQueueEntry command{};
  command.opc = spec::admin_opcode::get_features;
  command.cdw10 = spec::feature::number_of_queues;
  auto completion = controller.admin(command, kTimeoutNs);
  return completion.ok() && completion.value().status_field == 0;
}

TEST_CASE("in a child every call of an inherited controller says whose it is") {
  auto controller = open_memory_controller();
  auto pair = controller->create_queue_pair({}).value();
  auto memory = controller->allocate(4096).value();
  const int refused = run_in_child([&] {
    std::vector<std::byte> foreign(8192);
    int failed = 0;
    if (!is_refused(controller->claim_admin())) failed |= 1;
    if (!is_refused(controller->admin({}, kTimeoutNs).status())) failed |= 2;
    if (!is_refused(controller->allocate(4096).status())) failed |= 4;
    if (!is_refused(controller->map(foreign.data(), foreign.size()).status())) failed |= 8;
    if (!is_refused(controller->create_queue_pair({}).status())) failed |= 16;
    if (!is_refused(controller->reset(0))) failed |= 32;
    if (!is_refused(controller->abort(1, 0, kTimeoutNs).status())) failed |= 64;
    if (!is_refused(pair->drop().status()) || !is_refused(pair->recreate())) failed |= 128;
    return failed;
  });
  CHECK(refused == 0);
  CHECK(works(*controller));
}

TEST_CASE("a child that lets go of everything takes nothing from its parent") {
  auto controller = open_memory_controller();
  auto pair = controller->create_queue_pair({}).value();
  auto memory = controller->allocate(4096).value();
  const int ended = run_in_child([&] {
    memory.reset();
    const bool closed = pair->close().ok() && controller->close().ok();
    pair.reset();
    controller.reset();
    return closed ? 0 : 1;
  });
  CHECK(ended == 0);
  CHECK(works(*controller));
  CHECK(pair->close().ok());
  CHECK(controller->close().ok());
}

TEST_CASE("a child that exits leaves the bus mastering of its parent's device on") {
  FakePciDevice pci;
  pci.write_register32(0x04, 1 << 5);  // CAP.CSS: the NVM command set
  const auto open = [&] {
    return share_open_device("pci:fork", [&] {
      return open_sysfs_transport(pci.device().value(), pci.root().string() + "/bus/pci/devices/" +
                                                            pci.address.text() + "/config");
    });
  };
  constexpr uint16_t kBusMaster = 4;
  auto transport = open();
  REQUIRE(transport.ok());
  auto controller = Controller::open(transport.value(), thread_waiter()).value();
  transport.value().reset();
  CHECK((pci.pci_command() & kBusMaster) != 0);
  const int ended = run_in_child([&] {
    Transport* inherited = &controller->transport();
    auto own = open();
    const int failed = own.ok() && own.value().get() != inherited ? 0 : 1;
    if (failed == 0) quarantine_forever(own.value());
    controller.reset();
    return failed;
  });
  CHECK(ended == 0);
  CHECK((pci.pci_command() & kBusMaster) != 0);
  controller.reset();
  CHECK((pci.pci_command() & kBusMaster) == 0);
}

// TSan ends a child that begins a thread.
#ifndef __SANITIZE_THREAD__
TEST_CASE("a child opens a device of its own") {
  auto controller = open_memory_controller();
  const int opened = run_in_child([&] {
    auto own = open_memory_controller();
    return works(*own) && own->close().ok() ? 0 : 1;
  });
  CHECK(opened == 0);
  CHECK(works(*controller));
}
#endif

}  // namespace
}  // namespace nvm::test

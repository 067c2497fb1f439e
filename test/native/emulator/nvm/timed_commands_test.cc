// SPDX-License-Identifier: MIT
// What commands tell the timing model, and that they wait for it.
#include "emulator/nvm/executor_host.h"
#include "emulator/subsystem.h"

namespace nvm::emulator {
namespace {

using namespace spec::nvm_opcode;

class RecordingModel final : public TimingModel {
 public:
  Schedule schedule(const TimedCommand& command, uint64_t now_ns) override {
    commands.push_back(command);
    if (retries > 0) {
      retries--;
      return {now_ns + 10, true};
    }
    return {now_ns + 1000, false};
  }
  void run_until(uint64_t) override {}
  std::vector<TimedCommand> commands;
  int retries = 0;
};

struct Timed : ExecutorHost {
  Timed() : ExecutorHost({}, 2048), subsystem(Identity{}) {
    auto owned = std::make_unique<RecordingModel>();
    model = owned.get();
    ns->timing = std::move(owned);
    ns->subsystem = &subsystem;
    subsystem.use_clock(clock);
  }
  // Checks that exactly one command was told, and forgets it.
  void check_told(uint8_t opcode, uint64_t lba, uint64_t byte_length) {
    REQUIRE(model->commands.size() == 1);
    CHECK(model->commands[0].opcode == opcode);
    CHECK(model->commands[0].lba == lba);
    CHECK(model->commands[0].byte_length == byte_length);
    CHECK(command.complete_at_ns == clock.now + 1000);
    model->commands.clear();
  }
  Subsystem subsystem;
  RecordingModel* model;
};

TEST_CASE("each command tells the timing model once what it moves") {
  Timed host;
  Bytes data(2048);
  for (const uint8_t opcode : {read, write, compare}) {
    host.run(ExecutorHost::entry(opcode, 7, 4), data);
    host.check_told(opcode, 7, 2048);
  }
  for (const uint8_t opcode : {verify, write_zeroes}) {
    host.run(ExecutorHost::entry(opcode, 7, 1024));
    host.check_told(opcode, 7, 1024 * 512);
  }
  host.run(ExecutorHost::entry(flush, 7, 1));
  host.check_told(flush, 0, 0);

  const spec::DatasetManagementRange ranges[] = {{0, 3, 9}, {0, 100, 50}};
  Bytes list(sizeof(ranges));
  memcpy(list.data(), ranges, sizeof(ranges));
  auto sqe = ExecutorHost::entry(dataset_management, 1, 1);
  sqe.cdw11 = spec::dataset_management_cdw11::ad.mask;
  REQUIRE(host.run(sqe, list) == 0);
  host.check_told(dataset_management, 9, 103 * 512);

  spec::CopyDescriptor sources[2] = {};
  sources[0].nlb = 3;
  sources[1].slba = 100;
  list.resize(sizeof(sources));
  memcpy(list.data(), sources, sizeof(sources));
  REQUIRE(host.run(ExecutorHost::entry(copy, 500, 2), list) == 0);
  host.check_told(copy, 500, 5 * 512);
}

TEST_CASE("a command that the model puts off has done nothing, and is asked about again") {
  Timed host;
  Bytes data(512, std::byte{5});
  host.model->retries = 1;
  CHECK(host.run(ExecutorHost::entry(write, 0, 1), data) == ExecutorHost::kRetry);
  CHECK(host.command.retry_at_ns == host.clock.now + 10);
  CHECK(host.store->memory[0] == std::byte{0});
  CHECK(host.run(ExecutorHost::entry(write, 0, 1), data) == 0);
  CHECK(host.store->memory[0] == std::byte{5});

  const spec::DatasetManagementRange range{0, 1, 0};
  Bytes list(sizeof(range));
  memcpy(list.data(), &range, sizeof(range));
  auto sqe = ExecutorHost::entry(dataset_management, 0, 1);
  sqe.cdw11 = spec::dataset_management_cdw11::ad.mask;
  host.command.sqe = sqe;
  host.point(host.command.data, list);
  host.model->retries = 2;
  REQUIRE(host.ns->executor->begin(host.command, host.clock) == Progress::Pending);
  for (int i = 0; i < 2; i++) {
    CHECK(host.store->memory[0] == std::byte{5});
    CHECK_FALSE(host.command.task.ready(host.clock));
    host.clock.now += 10;
    CHECK(host.command.task.ready(host.clock));
    CHECK((go_on(host.command) == Progress::Done) == (i == 1));
  }
  CHECK(host.store->memory[0] == std::byte{0});
  CHECK(host.command.complete_at_ns == host.clock.now + 1000);
}

}  // namespace
}  // namespace nvm::emulator

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
  void deallocate(uint64_t offset, uint64_t byte_length) override {
    deallocated.emplace_back(offset, byte_length);
  }
  std::vector<TimedCommand> commands;
  std::vector<std::pair<uint64_t, uint64_t>> deallocated;
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
  void check_told(uint8_t opcode, uint64_t offset, uint64_t byte_length) {
    REQUIRE(model->commands.size() == 1);
    CHECK(model->commands[0].opcode == opcode);
    CHECK(model->commands[0].offset == offset);
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
    host.check_told(opcode, 7 * 512, 2048);
  }
  for (const uint8_t opcode : {verify, write_zeroes}) {
    host.run(ExecutorHost::entry(opcode, 7, 1024));
    host.check_told(opcode, 7 * 512, 1024 * 512);
  }
  host.run(ExecutorHost::entry(flush, 7, 1));
  host.check_told(flush, 0, 0);

  const spec::DatasetManagementRange ranges[] = {{0, 3, 9}, {0, 100, 50}};
  Bytes list(sizeof(ranges));
  memcpy(list.data(), ranges, sizeof(ranges));
  auto sqe = ExecutorHost::entry(dataset_management, 1, 1);
  sqe.cdw11 = spec::dataset_management_cdw11::ad.mask;
  REQUIRE(host.run(sqe, list) == 0);
  host.check_told(dataset_management, 9 * 512, 103 * 512);

  spec::CopyDescriptor sources[2] = {};
  sources[0].nlb = 3;
  sources[1].slba = 100;
  list.resize(sizeof(sources));
  memcpy(list.data(), sources, sizeof(sources));
  REQUIRE(host.run(ExecutorHost::entry(copy, 500, 2), list) == 0);
  host.check_told(copy, 500 * 512, 5 * 512);
}

TEST_CASE("the timing model is told what became free, and which writes have to be on the medium") {
  Timed host;
  const std::vector<std::pair<uint64_t, uint64_t>> nothing;
  const spec::DatasetManagementRange ranges[] = {{0, 3, 9}, {0, 0, 1}, {0, 100, 50}};
  Bytes list(sizeof(ranges));
  memcpy(list.data(), ranges, sizeof(ranges));
  auto sqe = ExecutorHost::entry(dataset_management, 2, 1);
  REQUIRE(host.run(sqe, list) == 0);
  CHECK(host.model->deallocated == nothing);  // a hint without the AD attribute
  sqe.cdw11 = spec::dataset_management_cdw11::ad.mask;
  REQUIRE(host.run(sqe, list) == 0);
  CHECK(host.model->deallocated ==
        std::vector<std::pair<uint64_t, uint64_t>>{{9 * 512, 3 * 512}, {50 * 512, 100 * 512}});
  host.model->deallocated.clear();
  host.model->commands.clear();

  sqe = ExecutorHost::entry(write_zeroes, 7, 8);
  REQUIRE(host.run(sqe) == 0);
  CHECK_FALSE(host.model->commands.back().deallocates);
  CHECK(host.model->deallocated == nothing);
  sqe.cdw12 |= spec::write_zeroes_cdw12::deac.mask;
  REQUIRE(host.run(sqe) == 0);
  CHECK(host.model->commands.back().deallocates);
  CHECK(host.model->deallocated == std::vector<std::pair<uint64_t, uint64_t>>{{7 * 512, 8 * 512}});

  Bytes data(512);
  sqe = ExecutorHost::entry(write, 0, 1);
  REQUIRE(host.run(sqe, data) == 0);
  CHECK_FALSE(host.model->commands.back().durable);
  sqe.cdw12 |= spec::write_cdw12::fua.mask;
  REQUIRE(host.run(sqe, data) == 0);
  CHECK(host.model->commands.back().durable);
  host.ns->write_through = true;
  REQUIRE(host.run(ExecutorHost::entry(write, 0, 1), data) == 0);
  CHECK(host.model->commands.back().durable);
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

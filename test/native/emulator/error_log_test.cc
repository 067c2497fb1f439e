// SPDX-License-Identifier: MIT
// The Error Information log: what goes in, in which order, and what does not.
#include "emulator/error_log.h"

#include <utility>

#include "emulator/statistics.h"

#include "emulator/controller_state.h"
#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

struct Erring : TestHost {
  Erring() {
    add_namespace(1 << 20);
    enable();
    queue = create_pair(1, 8);
    page = allocate(4096);
  }
  ErrorLog& log() { return controller.state().error_log; }
  HostQueue queue;
  uint64_t page;
};

TEST_CASE("an error leaves an entry and sets More") {
  Erring host;
  auto sqe = TestHost::data_command(spec::nvm_opcode::read, 77, 1 << 20, 1, host.page);
  const auto entry = host.execute(host.queue, sqe);
  CHECK(TestHost::status_of(entry) == spec::status::lba_out_of_range);
  CHECK(spec::status_field::m.get(static_cast<uint16_t>(entry.status >> 1)) == 1);
  REQUIRE(host.log().count() == 1);
  const spec::ErrorLogEntry logged = host.log().entries().front();
  CHECK(logged.error_count == 1);
  CHECK(logged.sqid == 1);
  CHECK(logged.cid == 77);
  CHECK(logged.nsid == 1);
  CHECK(logged.lba == 1 << 20);
  CHECK(logged.parameter_error_location == 40);
  CHECK(spec::cqe_status::sf.get(logged.status_field) == entry.status >> 1);
}

TEST_CASE("success and what the host asked for leave none") {
  Erring host;
  CHECK(TestHost::status_of(host.execute(
            host.queue, TestHost::data_command(spec::nvm_opcode::read, 1, 0, 1, host.page))) == 0);
  spec::SubmissionQueueEntry request{};
  request.opc = spec::admin_opcode::asynchronous_event_request;
  request.cid = 5;
  host.submit(host.admin, request);
  host.step_all();
  spec::SubmissionQueueEntry abort{};
  abort.opc = spec::admin_opcode::abort;
  abort.cdw10 = 5u << 16;
  host.submit(host.admin, abort);
  host.step_all();
  const auto aborted = host.take_completion(host.admin);
  CHECK(TestHost::status_of(aborted) == spec::status::command_aborted);
  CHECK(spec::status_field::m.get(static_cast<uint16_t>(aborted.status >> 1)) == 0);
  host.take_completion(host.admin);
  CHECK(host.log().count() == 0);
}

TEST_CASE("entries come newest first, and old ones make room") {
  ErrorLog log;
  CHECK(log.entries().empty());
  for (uint16_t cid = 1; cid <= kErrorLogEntriesMax + 6; cid++) {
    spec::ErrorLogEntry entry{};
    entry.cid = cid;
    log.record(entry);
  }
  const auto entries = log.entries();
  REQUIRE(entries.size() == kErrorLogEntriesMax);
  CHECK(log.count() == kErrorLogEntriesMax + 6);
  CHECK(entries.front().cid == kErrorLogEntriesMax + 6);
  CHECK(entries.front().error_count == kErrorLogEntriesMax + 6);
  CHECK(entries.back().cid == 7);
}

TEST_CASE("the log survives a reset of its controller and goes on in an archive") {
  Erring host;
  spec::SubmissionQueueEntry unknown{};
  unknown.opc = 0xc0;
  host.execute_admin(unknown);
  host.write32(spec::registers::cc, 0);
  host.enable();
  host.execute_admin(unknown);
  REQUIRE(host.log().count() == 2);
  ArchiveWriter writer;
  ErrorLog::exchange(writer, std::as_const(host.log()));
  const std::vector<std::byte> archive = writer.finish();
  auto reader = ArchiveReader::open(archive);
  REQUIRE(reader.ok());
  ErrorLog loaded;
  ErrorLog::exchange(reader.value(), loaded);
  REQUIRE(reader.value().finish().ok());
  CHECK(loaded.count() == 2);
  CHECK(loaded.entries().front().parameter_error_location == 0);
  loaded.record({});
  CHECK(loaded.entries().front().error_count == 3);
}

TEST_CASE("errors are counted by kind") {
  Erring host;
  host.execute(host.queue,
               TestHost::data_command(spec::nvm_opcode::read, 1, 1 << 20, 1, host.page));
  host.execute(host.queue,
               TestHost::data_command(spec::nvm_opcode::write, 2, 1 << 20, 1, host.page));
  host.execute(host.queue, TestHost::data_command(spec::nvm_opcode::read, 3, 0, 2, host.page));
  host.execute(host.queue, TestHost::data_command(spec::nvm_opcode::write, 4, 0, 4, host.page));
  const Statistics& statistics = host.controller.statistics();
  CHECK(statistics.io_errors[2] == 1);
  CHECK(statistics.io_errors[1] == 1);
  CHECK(statistics.read_commands() == 1);
  CHECK(statistics.bytes_read() == 1024);
  CHECK(statistics.write_commands() == 1);
  CHECK(statistics.bytes_written() == 2048);
  CHECK(statistics.admin_commands >= 2);
  CHECK(statistics.media_errors == 0);
  CHECK(is_media_error(spec::status::unrecovered_read_error | spec::status::dnr));
}

}  // namespace
}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
#include "emulator/admin/self_test.h"

#include <algorithm>

#include "emulator/admin/admin_commands.h"
#include "emulator/admin/health.h"
#include "emulator/admin/identify.h"
#include "emulator/records.h"

namespace nvm::emulator {
namespace {

// A test reads so many places of each namespace, a time apart: one second, or five.
struct Plan {
  uint32_t samples;
  uint64_t pause_ns;
};
constexpr Plan kShort = {100, 10'000'000};
constexpr Plan kExtended = {1000, 5'000'000};
constexpr uint64_t kSampleBytes = 64 << 10;
constexpr uint8_t kMediaSegment = 1;

spec::SelfTestResult make_result(Subsystem& subsystem, uint8_t result) {
  spec::SelfTestResult entry{};
  entry.dsts = spec::self_test_status::result.put(result) |
               spec::self_test_status::code.put(subsystem.records().self_tests.running);
  entry.poh = power_on_hours(subsystem);
  return entry;
}

void finish(Subsystem& subsystem, const spec::SelfTestResult& result) {
  SelfTests& tests = subsystem.records().self_tests;
  tests.running = 0;
  tests.number++;
  tests.results.insert(tests.results.begin(), result);
  if (tests.results.size() > kSelfTestResultsMax) tests.results.pop_back();
  subsystem.save_soon();
}

bool tests_namespace(const SelfTests& tests, const Namespace& ns) {
  if ((ns.controllers >> tests.controller_id & 1) == 0) return false;
  return tests.namespace_id == kBroadcastNamespaceId || tests.namespace_id == ns.id;
}

// Reads the sample at `part` of `parts`; Failed when the medium did not give it.
Task read_sample(Namespace& ns, uint32_t part, uint32_t parts, uint64_t& offset) {
  const uint64_t byte_length = std::min(kSampleBytes, ns.store->byte_length());
  offset = (ns.store->byte_length() - byte_length) / parts * part;
  std::vector<std::byte> sample(byte_length);
  Operation operation;
  ns.in_flight++;
  const Progress progress = co_await settled(
      operation, ns.store->begin_read(operation, offset, sample.data(), sample.size()));
  ns.in_flight--;
  co_return progress == Progress::Failed ? spec::status::unrecovered_read_error
                                         : spec::status::success;
}

spec::SelfTestResult media_failure(Subsystem& subsystem, uint32_t namespace_id, uint64_t lba) {
  spec::SelfTestResult entry = make_result(subsystem, spec::self_test_result::failed_segment);
  entry.seg = kMediaSegment;
  entry.vdi = spec::valid_diagnostic_info::nsid.put(1) | spec::valid_diagnostic_info::flba.put(1) |
              spec::valid_diagnostic_info::sct.put(1) | spec::valid_diagnostic_info::sc.put(1);
  entry.nsid = namespace_id;
  entry.flba = lba;
  constexpr uint16_t kStatus = spec::status::unrecovered_read_error;
  entry.sct = static_cast<uint8_t>(spec::status_field::sct.get(kStatus));
  entry.sc = static_cast<uint8_t>(spec::status_field::sc.get(kStatus));
  return entry;
}

Task run_self_test(Subsystem& subsystem) {
  SelfTests& tests = subsystem.records().self_tests;
  const uint64_t number = tests.number;
  const Plan plan = tests.running == spec::self_test_code::short_test ? kShort : kExtended;
  for (uint32_t part = plan.samples * tests.percent / 100; part < plan.samples; part++) {
    for (uint32_t id = 1; id <= subsystem.namespaces_max(); id++) {
      Namespace* ns = subsystem.find_namespace(id);
      if (ns == nullptr || ns->unavailable != 0 || !tests_namespace(tests, *ns)) continue;
      const uint32_t block_bytes = ns->format.data_byte_length();
      uint64_t offset = 0;
      const uint16_t status = co_await read_sample(*ns, part, plan.samples, offset);
      if (tests.number != number) co_return spec::status::success;
      if (status != spec::status::success) {
        finish(subsystem, media_failure(subsystem, id, offset / block_bytes));
        co_return status;
      }
    }
    tests.percent = static_cast<uint8_t>(uint64_t{part} * 100 / plan.samples);
    co_await until{subsystem.now_ns() + plan.pause_ns};
    if (tests.number != number) co_return spec::status::success;
  }
  finish(subsystem, make_result(subsystem, spec::self_test_result::passed));
  co_return spec::status::success;
}

uint16_t start(ControllerState& state, const spec::SubmissionQueueEntry& sqe, uint8_t code) {
  SelfTests& tests = state.subsystem.records().self_tests;
  if (tests.running != 0) return spec::status::device_self_test_in_progress;
  if (sqe.nsid != 0 && sqe.nsid != kBroadcastNamespaceId) {
    if (!state.subsystem.is_valid_namespace_id(sqe.nsid)) {
      return spec::status::invalid_namespace_or_format;
    }
    if (state.find_namespace(sqe.nsid) == nullptr) return spec::status::invalid_field;
  }
  tests.running = code;
  tests.percent = 0;
  tests.controller_id = state.controller_id;
  tests.namespace_id = sqe.nsid;
  tests.number++;
  state.subsystem.begin_work(run_self_test(state.subsystem));
  return spec::status::success;
}

}  // namespace

void end_self_test(Subsystem& subsystem, uint8_t result, uint32_t namespace_id) {
  const SelfTests& tests = subsystem.records().self_tests;
  if (tests.running == 0) return;
  const bool concerned = namespace_id == kBroadcastNamespaceId ||
                         tests.namespace_id == kBroadcastNamespaceId ||
                         tests.namespace_id == namespace_id;
  if (concerned) finish(subsystem, make_result(subsystem, result));
}

void end_self_test_of_reset(ControllerState& state) {
  const SelfTests& tests = state.subsystem.records().self_tests;
  if (tests.running == spec::self_test_code::short_test &&
      tests.controller_id == state.controller_id) {
    end_self_test(state.subsystem, spec::self_test_result::aborted_by_reset);
  }
}

void resume_self_test(Subsystem& subsystem) {
  if (subsystem.records().self_tests.running != 0) subsystem.begin_work(run_self_test(subsystem));
}

uint16_t device_self_test(ControllerState& state, Slot& slot) {
  const spec::SubmissionQueueEntry& sqe = slot.command.sqe;
  const auto code = static_cast<uint8_t>(spec::device_self_test_cdw10::stc.get(sqe.cdw10));
  switch (code) {
    case spec::self_test_code::short_test:
    case spec::self_test_code::extended_test: {
      const uint16_t status = start(state, sqe, code);
      return status == spec::status::success ? status : refuse(status);
    }
    case spec::self_test_code::abort_test:
      end_self_test(state.subsystem, spec::self_test_result::aborted_by_command);
      return spec::status::success;
    default:
      return refuse(spec::status::invalid_field);
  }
}

}  // namespace nvm::emulator

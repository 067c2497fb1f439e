// SPDX-License-Identifier: MIT
// Asynchronous events: parked requests, silence until the log page is read, what the host wants.
#include "emulator/events.h"

#include "emulator/controller_state.h"
#include "emulator/test_host.h"

namespace nvm::emulator {
namespace {

constexpr Event kNamespaceChanged = {spec::async_event_type::notice,
                                     spec::async_event_notice::namespace_attribute_changed,
                                     spec::log_page::changed_namespace_list};
constexpr Event kSanitized = {spec::async_event_type::command_set,
                              spec::async_event_command_set::sanitize_completed,
                              spec::log_page::sanitize_status};
constexpr uint32_t kAllEvents = 0xffff;

uint32_t dword_of(const Event& event) {
  return event.type | event.information << 8 | event.log_page << 16;
}

struct Listener : TestHost {
  explicit Listener(uint32_t configuration = kAllEvents) {
    add_namespace(1 << 20);
    enable();
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = spec::admin_opcode::set_features;
    sqe.cdw10 = spec::feature::asynchronous_event_configuration;
    sqe.cdw11 = configuration;
    REQUIRE(status_of(execute_admin(sqe)) == 0);
  }
  void listen(uint16_t cid) {
    spec::SubmissionQueueEntry sqe{};
    sqe.opc = spec::admin_opcode::asynchronous_event_request;
    sqe.cid = cid;
    submit(admin, sqe);
    step_all();
  }
  void report(const Event& event) {
    controller.state().report(event);
    step_all();
  }
};

TEST_CASE("an event completes one parked request and says which log page to read") {
  Listener host;
  host.listen(7);
  host.listen(8);
  CHECK_FALSE(host.has_completion(host.admin));
  host.report(kNamespaceChanged);
  const auto entry = host.take_completion(host.admin);
  CHECK(entry.cid == 7);
  CHECK(TestHost::status_of(entry) == 0);
  CHECK(entry.dw0 == dword_of(kNamespaceChanged));
  CHECK_FALSE(host.has_completion(host.admin));
}

TEST_CASE("an event waits for a request, once however often it happens") {
  Listener host;
  host.report(kNamespaceChanged);
  host.report(kNamespaceChanged);
  host.listen(1);
  CHECK(host.take_completion(host.admin).dw0 == dword_of(kNamespaceChanged));
  host.listen(2);
  CHECK_FALSE(host.has_completion(host.admin));
}

TEST_CASE("a reported type is silent until its log page was read; other types are not") {
  Listener host;
  for (uint16_t cid = 1; cid <= 3; cid++) host.listen(cid);
  host.report(kNamespaceChanged);
  host.take_completion(host.admin);
  host.report(kNamespaceChanged);
  CHECK_FALSE(host.has_completion(host.admin));
  host.report(kSanitized);
  CHECK(host.take_completion(host.admin).dw0 == dword_of(kSanitized));
  host.controller.state().events.log_page_read(spec::log_page::changed_namespace_list);
  CHECK_FALSE(host.has_completion(host.admin));  // reading the page cleared the second one, too
  host.report(kNamespaceChanged);
  CHECK(host.take_completion(host.admin).dw0 == dword_of(kNamespaceChanged));
}

TEST_CASE("a host is told only of what its configuration names, errors always") {
  Listener host(0);
  host.listen(1);
  host.report(kNamespaceChanged);
  host.report({spec::async_event_type::health, spec::async_event_health::temperature_threshold,
               spec::log_page::smart_health_information});
  CHECK_FALSE(host.has_completion(host.admin));
  const Event error = {spec::async_event_type::error,
                       spec::async_event_error::persistent_internal_error,
                       spec::log_page::error_information};
  host.report(error);
  CHECK(host.take_completion(host.admin).dw0 == dword_of(error));
}

TEST_CASE("health events follow the bit of their critical warning") {
  const Event hot = {spec::async_event_type::health,
                     spec::async_event_health::temperature_threshold,
                     spec::log_page::smart_health_information};
  CHECK(Events::wanted(hot, spec::critical_warning::temperature.mask));
  CHECK_FALSE(Events::wanted(hot, spec::critical_warning::available_spare.mask));
  const Event unreliable = {spec::async_event_type::health, spec::async_event_health::reliability,
                            spec::log_page::smart_health_information};
  CHECK(Events::wanted(unreliable, spec::critical_warning::read_only.mask));
  CHECK_FALSE(Events::wanted(unreliable, spec::critical_warning::temperature.mask));
}

TEST_CASE("a request beyond the limit is refused, the others stay") {
  Listener host;
  for (uint16_t cid = 1; cid <= kAsyncEventRequestsMax; cid++) host.listen(cid);
  CHECK_FALSE(host.has_completion(host.admin));
  host.listen(99);
  const auto refused = host.take_completion(host.admin);
  CHECK(refused.cid == 99);
  CHECK(TestHost::status_of(refused) == spec::status::asynchronous_event_request_limit_exceeded);
  host.report(kSanitized);
  CHECK(host.take_completion(host.admin).cid == 1);
}

TEST_CASE("a reset forgets events and requests") {
  Listener host;
  host.report(kSanitized);
  host.write32(spec::registers::cc, 0);
  host.enable();
  host.listen(1);
  CHECK_FALSE(host.has_completion(host.admin));
}

TEST_CASE("invalid doorbells are events: a queue that is not there, a value out of range") {
  Listener host;
  host.listen(1);
  host.listen(2);
  host.write32(kDoorbellOffset + 8 * 5, 1);
  host.step_all();
  CHECK(host.take_completion(host.admin).dw0 ==
        dword_of({spec::async_event_type::error, spec::async_event_error::invalid_doorbell_register,
                  spec::log_page::error_information}));
  host.controller.state().events.log_page_read(spec::log_page::error_information);
  host.write32(kDoorbellOffset, host.admin.entries);
  host.step_all();
  CHECK(host.take_completion(host.admin).dw0 ==
        dword_of({spec::async_event_type::error, spec::async_event_error::invalid_doorbell_value,
                  spec::log_page::error_information}));
  CHECK(host.controller.state().error_log.count() == 2);
  CHECK(host.controller.statistics().invalid_doorbells == 2);
}

TEST_CASE("an event that can be told keeps the device from parking") {
  Listener host;
  host.listen(1);
  CHECK(host.controller.next_event_ns() == UINT64_MAX);
  host.controller.state().report(kSanitized);
  CHECK(host.controller.next_event_ns() == 0);
  host.step_all();
  CHECK(host.controller.next_event_ns() == UINT64_MAX);
}

}  // namespace
}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
#include "binding/admin_trace.h"

#include <algorithm>

#include "binding/calls.h"
#include "binding/values.h"
#include "platform/clock.h"

namespace nvm::binding {
namespace {

// That nobody has taken, as the thread that hears of them does something else; then no more begin.
constexpr size_t kRecordsMax = 65536;

}  // namespace

AdminTrace& AdminTrace::instance() {
  static auto* trace = new AdminTrace;  // threads may still send commands at the end
  return *trace;
}

void AdminTrace::listen(napi_env env, napi_value callback) {
  std::lock_guard lock(mutex_);
  Listener listener{++last_id_, env, nullptr, nullptr};
  napi_value name = nullptr;
  napi_create_string_utf8(env, "peernvm", NAPI_AUTO_LENGTH, &name);
  auto woken = [](napi_env of, napi_value, void*, void*) {
    if (of != nullptr) instance().deliver(of);
  };
  auto ended = [](napi_env, void* id, void*) { instance().forget(reinterpret_cast<uint64_t>(id)); };
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1,
                                      reinterpret_cast<void*>(listener.id), ended, nullptr, woken,
                                      &listener.wake) != napi_ok) {
    return;
  }
  napi_unref_threadsafe_function(env, listener.wake);
  napi_create_reference(env, callback, 1, &listener.callback);
  listeners_.push_back(listener);
  note_listeners();
}

void AdminTrace::stop_listening(napi_env env) {
  std::lock_guard lock(mutex_);
  const auto found = std::find_if(listeners_.begin(), listeners_.end(),
                                  [env](const Listener& each) { return each.env == env; });
  if (found == listeners_.end()) return;
  napi_delete_reference(env, found->callback);
  napi_release_threadsafe_function(found->wake, napi_tsfn_release);
  listeners_.erase(found);
  note_listeners();
}

// With `mutex_` held.
void AdminTrace::note_listeners() {
  admin_observer.store(listeners_.empty() ? nullptr : this, std::memory_order_release);
  if (listeners_.empty()) records_.clear();
  if (!records_.empty()) wake();
}

// With `mutex_` held.
void AdminTrace::wake() {
  napi_call_threadsafe_function(listeners_.front().wake, nullptr, napi_tsfn_nonblocking);
}

// Its environment ends.
void AdminTrace::forget(uint64_t id) {
  std::lock_guard lock(mutex_);
  std::erase_if(listeners_, [id](const Listener& each) { return each.id == id; });
  note_listeners();
}

void AdminTrace::deliver(napi_env env) {
  {
    std::lock_guard lock(mutex_);
    // A subscriber that calls us hears of what came meanwhile after what it is told.
    if (delivering_ || listeners_.empty() || listeners_.front().env != env) return;
    delivering_ = true;
  }
  deliver_records(env);
  std::lock_guard lock(mutex_);
  delivering_ = false;
  // What came meanwhile, for whoever is the listener now.
  if (!listeners_.empty() && !records_.empty()) wake();
}

void AdminTrace::deliver_records(napi_env env) {
  std::vector<Record> records;
  napi_ref reference = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (listeners_.empty() || listeners_.front().env != env || records_.empty()) return;
    records.swap(records_);
    reference = listeners_.front().callback;
  }
  napi_value callback = nullptr;
  napi_value list = nullptr;
  napi_get_reference_value(env, reference, &callback);
  napi_create_array_with_length(env, records.size(), &list);
  for (size_t i = 0; i < records.size(); i++) {
    napi_set_element(env, list, static_cast<uint32_t>(i), describe(env, records[i]));
  }
  napi_call_function(env, make_undefined(env), callback, 1, &list, nullptr);
}

napi_value AdminTrace::describe(napi_env env, const Record& record) {
  ObjectBuilder object(env);
  object.string("controller", record.controller)
      .number("commandId", record.command_id)
      .number("timeNs", static_cast<double>(record.time_ns));
  if (record.kind == Record::Kind::Sent) {
    return object.number("opcode", record.value).number("nsid", record.namespace_id).object();
  }
  object.number("elapsedNs", static_cast<double>(record.elapsed_ns));
  const char* outcome = record.kind == Record::Kind::Completed ? "status" : "failureNumber";
  return object.number(outcome, record.value).object();
}

uint64_t AdminTrace::sent(const std::string& controller,
                          const spec::SubmissionQueueEntry& command) {
  const uint64_t now_ns = monotonic_clock().now_ns();
  std::lock_guard lock(mutex_);
  if (listeners_.empty() || records_.size() >= kRecordsMax) return 0;
  add({Record::Kind::Sent, controller, now_ns, command.cid, command.opc, command.nsid, 0});
  return now_ns;
}

void AdminTrace::completed(const std::string& controller, uint16_t command_id, uint64_t sent_ns,
                           uint16_t status_field) {
  const uint64_t now_ns = monotonic_clock().now_ns();
  std::lock_guard lock(mutex_);
  add({Record::Kind::Completed, controller, now_ns, command_id, status_field, 0, now_ns - sent_ns});
}

void AdminTrace::lost(const std::string& controller, uint16_t command_id, uint64_t sent_ns,
                      ErrorCode why) {
  const uint64_t now_ns = monotonic_clock().now_ns();
  std::lock_guard lock(mutex_);
  add({Record::Kind::Lost, controller, now_ns, command_id, static_cast<uint32_t>(why), 0,
       now_ns - sent_ns});
}

// With `mutex_` held.
void AdminTrace::add(Record record) {
  if (listeners_.empty()) return;
  records_.push_back(std::move(record));
  if (records_.size() == 1) wake();
}

// (callback): of admin commands; undefined: no more
napi_value trace_admin(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  napi_valuetype type = napi_undefined;
  napi_typeof(env, arguments.value(0), &type);
  AdminTrace& trace = AdminTrace::instance();
  if (type == napi_function) {
    trace.listen(env, arguments.value(0));
  } else {
    trace.stop_listening(env);
  }
  return make_undefined(env);
}

}  // namespace nvm::binding

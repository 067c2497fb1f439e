// SPDX-License-Identifier: MIT
// Admin commands for JavaScript to see. Of the environments that listen, the first hears of all
// that the process sends: what it caused itself before the promise of that call settles, the rest
// as soon as its event loop goes round.
#pragma once

#include <node_api.h>

#include <mutex>
#include <vector>

#include "driver/admin_observer.h"

namespace nvm::binding {

class AdminTrace final : public AdminObserver {
 public:
  static AdminTrace& instance();

  // From now on `callback` is called with arrays of records (NativeAdminRecord); once for each
  // environment.
  void listen(napi_env env, napi_value callback);
  void stop_listening(napi_env env);
  // Calls back with what there is, where `env` is who hears of it.
  void deliver(napi_env env);

  uint64_t sent(const std::string& controller, const spec::SubmissionQueueEntry& command) override;
  void completed(const std::string& controller, uint16_t command_id, uint64_t sent_ns,
                 uint16_t status_field) override;
  void lost(const std::string& controller, uint16_t command_id, uint64_t sent_ns,
            ErrorCode why) override;

 private:
  struct Record {
    enum class Kind { Sent, Completed, Lost };
    Kind kind;
    std::string controller;
    uint64_t time_ns;
    uint16_t command_id;
    uint32_t value;         // opcode, status field, or number of an error
    uint32_t namespace_id;  // of what was sent
    uint64_t elapsed_ns;    // of what has ended
  };
  struct Listener {
    uint64_t id;
    napi_env env;
    napi_ref callback;
    napi_threadsafe_function wake;
  };

  void add(Record record);
  void note_listeners();
  void wake();
  void forget(uint64_t id);
  void deliver_records(napi_env env);
  static napi_value describe(napi_env env, const Record& record);

  std::mutex mutex_;
  uint64_t last_id_ = 0;
  std::vector<Listener> listeners_;
  std::vector<Record> records_;
  bool delivering_ = false;
};

// Before the outcome of a call reaches JavaScript.
inline void deliver_admin_trace(napi_env env) {
  if (admin_observer.load(std::memory_order_acquire) == nullptr) return;
  AdminTrace::instance().deliver(env);
}

}  // namespace nvm::binding

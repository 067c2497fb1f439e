// SPDX-License-Identifier: MIT
// A call that takes long: it runs on libuv's pool and settles a promise. Node waits for tasks under
// way before it tears an environment down; a result that can no longer be delivered is dropped.
#pragma once

#include <node_api.h>

#include <functional>
#include <memory>
#include <optional>

#include "binding/admin_trace.h"
#include "binding/values.h"

namespace nvm::binding {

// Runs `work` on the pool, then `finish` on the JavaScript thread, whose value resolves the
// promise. The promise never rejects: a failure is a value (NativeFailure).
template <class T>
class Task {
 public:
  using Work = std::function<Result<T>()>;
  using Finish = std::function<napi_value(napi_env, T&)>;

  static napi_value run(napi_env env, Work work, Finish finish) {
    auto task = std::unique_ptr<Task>(new Task(std::move(work), std::move(finish)));
    napi_value promise = nullptr;
    napi_value name = nullptr;
    if (napi_create_promise(env, &task->deferred_, &promise) != napi_ok) return nullptr;
    napi_create_string_utf8(env, "peernvm", NAPI_AUTO_LENGTH, &name);
    if (napi_create_async_work(env, nullptr, name, execute, complete, task.get(), &task->work_) !=
        napi_ok) {
      return nullptr;
    }
    if (napi_queue_async_work(env, task->work_) != napi_ok) {
      napi_delete_async_work(env, task->work_);
      return nullptr;
    }
    task.release();  // complete() takes it back
    return promise;
  }

  // A promise of the same kind, for what is known already.
  static napi_value resolved(napi_env env, Result<T> result, const Finish& finish) {
    napi_deferred deferred = nullptr;
    napi_value promise = nullptr;
    deliver_admin_trace(env);
    if (napi_create_promise(env, &deferred, &promise) != napi_ok) return nullptr;
    napi_value value =
        result.ok() ? finish(env, result.value()) : make_failure(env, result.status());
    if (value != nullptr) napi_resolve_deferred(env, deferred, value);
    return promise;
  }

 private:
  Task(Work work, Finish finish) : run_(std::move(work)), finish_(std::move(finish)) {}

  static void execute(napi_env, void* data) {
    auto* task = static_cast<Task*>(data);
    task->result_.emplace(task->run_());
  }

  static void complete(napi_env env, napi_status, void* data) {
    std::unique_ptr<Task> task(static_cast<Task*>(data));
    napi_handle_scope scope = nullptr;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return;
    deliver_admin_trace(env);
    if (task->result_.has_value()) {
      Result<T>& result = *task->result_;
      napi_value value =
          result.ok() ? task->finish_(env, result.value()) : make_failure(env, result.status());
      if (value != nullptr) napi_resolve_deferred(env, task->deferred_, value);
    }
    napi_delete_async_work(env, task->work_);
    napi_close_handle_scope(env, scope);
  }

  Work run_;
  Finish finish_;
  std::optional<Result<T>> result_;
  napi_deferred deferred_ = nullptr;
  napi_async_work work_ = nullptr;
};

// For work without a result.
struct Nothing {};

inline napi_value run_task(napi_env env, std::function<Status()> work) {
  return Task<Nothing>::run(
      env,
      [work = std::move(work)]() -> Result<Nothing> {
        Status status = work();
        if (!status.ok()) return status;
        return Nothing{};
      },
      [](napi_env finish_env, Nothing&) { return make_undefined(finish_env); });
}

}  // namespace nvm::binding

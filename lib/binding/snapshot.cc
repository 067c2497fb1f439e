// SPDX-License-Identifier: MIT
#include "binding/snapshot.h"

#include <cstring>

#include "binding/values.h"

namespace nvm::binding {
namespace {

template <class Entry>
napi_value copy_entries(napi_env env, const std::vector<Entry>& entries) {
  const size_t byte_length = entries.size() * sizeof(Entry);
  void* bytes = nullptr;
  napi_value buffer = nullptr;
  if (napi_create_arraybuffer(env, byte_length, &bytes, &buffer) != napi_ok) return nullptr;
  if (byte_length != 0) std::memcpy(bytes, entries.data(), byte_length);
  return buffer;
}

napi_value make_admin_queue(napi_env env, const AdminQueueSnapshot& queue) {
  return ObjectBuilder(env)
      .number("sqTail", queue.sq_tail)
      .number("sqHead", queue.sq_head)
      .number("cqHead", queue.cq_head)
      .number("cqPhase", queue.cq_phase)
      .number("commandMask", queue.command_mask)
      .set("submissions", copy_entries(env, queue.submissions))
      .set("completions", copy_entries(env, queue.completions))
      .set("outstanding", copy_entries(env, queue.outstanding))
      .set("givenUp", copy_entries(env, queue.given_up))
      .number("eventRequests", queue.event_requests)
      .object();
}

}  // namespace

napi_value make_snapshot(napi_env env, const ControllerSnapshot& snapshot) {
  const auto& queue = snapshot.admin_queue;
  return ObjectBuilder(env)
      .string("address", snapshot.address)
      .string("transport", snapshot.transport)
      .boolean("emulated", snapshot.emulated)
      .boolean("isClient", snapshot.is_client)
      .bigint("cap", snapshot.cap)
      .number("vs", snapshot.vs)
      .number("cc", snapshot.cc)
      .number("csts", snapshot.csts)
      .number("aqa", snapshot.aqa)
      .bigint("asq", snapshot.asq)
      .bigint("acq", snapshot.acq)
      .set("adminQueue", queue.has_value() ? make_admin_queue(env, *queue) : make_undefined(env))
      .object();
}

}  // namespace nvm::binding

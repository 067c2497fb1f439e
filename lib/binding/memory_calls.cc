// SPDX-License-Identifier: MIT
// Memory for a controller: allocated, mapped, attached from another thread, released.
#include "binding/calls.h"
#include "binding/environment.h"
#include "binding/task.h"
#include "transport/peer_memory.h"

namespace nvm::binding {
namespace {

using Shared = std::shared_ptr<SharedDescriptor>;

napi_value closed(napi_env env, const char* what) {
  return make_failure(env, Failure{ErrorCode::Closed, 0, 0, what});
}

Result<Shared> allocate_shared(SharedController& shared, size_t byte_length) {
  auto descriptor = shared.controller->allocate(byte_length);
  if (!descriptor.ok()) return std::move(descriptor.status());
  return share_descriptor(std::move(descriptor.value()), byte_length);
}

// Pairs of (I/O address, byte length); addresses are below 2^53, exact as doubles, on every
// platform we run on.
napi_value make_runs(napi_env env, const DmaDescriptor& descriptor) {
  const auto& runs = descriptor.runs();
  napi_value buffer = nullptr;
  napi_value array = nullptr;
  void* data = nullptr;
  if (napi_create_arraybuffer(env, runs.size() * 2 * sizeof(double), &data, &buffer) != napi_ok) {
    return nullptr;
  }
  auto* out = static_cast<double*>(data);
  for (const IoRun& run : runs) {
    *out++ = static_cast<double>(run.io_address);
    *out++ = static_cast<double>(run.byte_length);
  }
  napi_create_typedarray(env, napi_float64_array, runs.size() * 2, buffer, 0, &array);
  return array;
}

const char* name_of(MemoryKind kind) {
  switch (kind) {
    case MemoryKind::Owned:
      return "owned";
    case MemoryKind::Foreign:
      return "foreign";
    case MemoryKind::Peer:
      return "peer";
  }
  return "";
}

// `foreign`: the caller's ArrayBuffer, kept for as long as it is mapped; null for other memory.
napi_value make_descriptor(napi_env env, const Shared& shared, napi_value foreign) {
  auto handle = std::make_shared<DescriptorHandle>();
  handle->shared = shared;
  Environment::of(env)->add(handle);
  const DmaDescriptor& descriptor = *shared->descriptor;
  ObjectBuilder object(env);
  object.set("handle", make_handle(env, handle))
      .number("id", static_cast<double>(shared->id))
      .number("byteLength", static_cast<double>(shared->byte_length))
      .string("kind", name_of(descriptor.kind()))
      .set("runs", make_runs(env, descriptor));
  if (foreign != nullptr) {
    napi_create_reference(env, foreign, 1, &handle->foreign);
    object.set("memory", foreign);
  } else if (descriptor.kind() != MemoryKind::Foreign) {
    object.set("memory",
               make_array_buffer(env, descriptor.bytes(), shared->byte_length, shared->descriptor));
  }
  return object.object();
}

}  // namespace

napi_value allocate(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto handle = arguments.handle<ControllerHandle>(0);
  if (handle == nullptr || handle->shared == nullptr)
    return closed(env, "the controller reference");
  const size_t byte_length = to_unsigned<size_t>(arguments.number(1));
  return Task<Shared>::run(
      env, [shared = handle->shared, byte_length] { return allocate_shared(*shared, byte_length); },
      [](napi_env finish_env, Shared& shared) {
        return make_descriptor(finish_env, shared, nullptr);
      });
}

napi_value allocate_now(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto handle = arguments.handle<ControllerHandle>(0);
  if (handle == nullptr || handle->shared == nullptr)
    return closed(env, "the controller reference");
  auto shared = allocate_shared(*handle->shared, to_unsigned<size_t>(arguments.number(1)));
  if (!shared.ok()) return make_failure(env, shared.status());
  return make_descriptor(env, shared.value(), nullptr);
}

napi_value map(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto* handle = arguments.borrow<ControllerHandle>(0);
  if (handle == nullptr || handle->shared == nullptr)
    return closed(env, "the controller reference");
  const Arguments::Bytes bytes = arguments.typed_array(1);
  Controller& controller = *handle->shared->controller;
  const bool reaches = controller.transport().capabilities().foreign_memory;
  auto descriptor = reaches || bytes.byte_length == 0
                        ? controller.map(bytes.data, bytes.byte_length)
                        : DmaDescriptor::unreached(Buffer::wrap(bytes.data, bytes.byte_length));
  if (!descriptor.ok()) return make_failure(env, descriptor.status());
  return make_descriptor(env, share_descriptor(std::move(descriptor.value()), bytes.byte_length),
                         arguments.value(1));
}

napi_value map_peer(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto handle = arguments.handle<ControllerHandle>(0);
  if (handle == nullptr || handle->shared == nullptr)
    return closed(env, "the controller reference");
  const PeerRange range{arguments.uint32(2), to_unsigned<uint64_t>(arguments.number(3)),
                        to_unsigned<uint64_t>(arguments.number(4))};
  auto work = [shared = handle->shared, address = arguments.string(1), range]() -> Result<Shared> {
    Controller& controller = *shared->controller;
    auto memory = map_peer_memory(controller.transport().capabilities(), address, range);
    if (!memory.ok()) return std::move(memory.status());
    auto descriptor = controller.map_peer(std::move(memory.value()));
    if (!descriptor.ok()) return std::move(descriptor.status());
    return share_descriptor(std::move(descriptor.value()), range.byte_length);
  };
  return Task<Shared>::run(env, std::move(work), [](napi_env finish_env, Shared& shared) {
    return make_descriptor(finish_env, shared, nullptr);
  });
}

napi_value attach_descriptor(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto shared = find_descriptor(to_unsigned<uint64_t>(arguments.number(0)));
  if (shared == nullptr) return closed(env, "the descriptor of that token");
  return make_descriptor(env, shared, nullptr);
}

napi_value release_descriptor(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto handle = arguments.handle<DescriptorHandle>(0);
  if (handle == nullptr || handle->shared == nullptr) return make_undefined(env);
  Environment::of(env)->remove(handle);
  handle->shared.reset();
  if (handle->foreign != nullptr) napi_delete_reference(env, handle->foreign);
  handle->foreign = nullptr;
  return make_undefined(env);
}

napi_value quarantine_descriptor(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto controller = arguments.handle<ControllerHandle>(0);
  auto descriptor = arguments.handle<DescriptorHandle>(1);
  if (controller == nullptr || controller->shared == nullptr || descriptor == nullptr ||
      descriptor->shared == nullptr) {
    return make_undefined(env);
  }
  controller->shared->controller->quarantine(descriptor->shared->descriptor);
  return make_undefined(env);
}

}  // namespace nvm::binding

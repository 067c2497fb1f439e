// SPDX-License-Identifier: MIT
// Opening, describing, claiming and closing controllers.
#include "binding/calls.h"
#include "binding/emulator_options.h"
#include "binding/emulators.h"
#include "binding/environment.h"
#include "binding/snapshot.h"
#include "binding/task.h"
#include "transport/emulator_registry.h"
#include "transport/open.h"

namespace nvm::binding {
namespace {

using Handle = std::shared_ptr<ControllerHandle>;
using OpenTransport = std::function<Result<std::shared_ptr<Transport>>()>;

enum class Role : uint32_t { Auto = 0, Manager = 1, Reference = 2 };

Result<Handle> open_handle(const OpenTransport& open, Role role, uint64_t timeout_ns) {
  auto transport = open();
  if (!transport.ok()) return std::move(transport.status());
  const Turn turn(*transport.value());
  auto shared = open_shared(transport.value(), turn);
  if (!shared.ok()) return std::move(shared.status());
  auto handle = std::make_shared<ControllerHandle>();
  handle->shared = shared.value();
  handle->timeout_ns = timeout_ns;
  if (role == Role::Reference) return handle;
  if (role == Role::Manager && handle->shared->controller->transport().manager() != nullptr) {
    const std::string address = handle->shared->controller->transport().capabilities().address;
    (void)handle->shared->release(turn);
    return Status(ErrorCode::Busy, "the process that serves " + address + " is its manager");
  }
  if (role == Role::Auto && handle->shared->controller->has_admin()) return handle;
  Status claimed = handle->shared->controller->claim_admin(timeout_ns);
  if (claimed.ok()) return handle;
  (void)handle->shared->release(turn);
  return claimed;
}

napi_value describe(napi_env env, const Handle& handle) {
  Controller& controller = *handle->shared->controller;
  const ControllerProperties& properties = controller.properties();
  const Capabilities& capabilities = controller.transport().capabilities();
  const bool has_admin = controller.has_admin();
  const uint64_t transfer_max = has_admin ? controller.limits().transfer_bytes_max : UINT64_MAX;
  return ObjectBuilder(env)
      .set("handle", make_handle(env, handle))
      .number("id", static_cast<double>(handle->shared->id))
      .bigint("cap", properties.cap)
      .number("version", properties.vs)
      .number("pageSize", properties.page_size)
      .number("doorbellStride", properties.doorbell_stride)
      .number("queueEntriesMax", properties.queue_entries_max)
      .number("transferBytesMax",
              transfer_max == UINT64_MAX ? 0 : static_cast<double>(transfer_max))
      .boolean("takesSgls", has_admin && controller.limits().takes_sgls)
      .boolean("hasAdmin", has_admin)
      .boolean("emulated", capabilities.emulated)
      .boolean("foreignMemory", capabilities.foreign_memory)
      .boolean("wakes", capabilities.wakes)
      .boolean("hearsOfNamespaceChanges", controller.transport().hears_of_namespace_changes())
      .boolean("writeProtected", capabilities.write_protected)
      .string("transport", capabilities.name)
      .string("address", capabilities.address)
      .object();
}

napi_value run_open(napi_env env, OpenTransport open, Role role, uint64_t timeout_ns) {
  return Task<Handle>::run(
      env,
      [open = std::move(open), role, timeout_ns] { return open_handle(open, role, timeout_ns); },
      [](napi_env finish_env, Handle& handle) {
        Environment::of(finish_env)->add(handle);
        return describe(finish_env, handle);
      });
}

napi_value closed(napi_env env) {
  return make_failure(env, Failure{ErrorCode::Closed, 0, 0, "the controller reference"});
}

// Null once the reference was closed. A task takes `shared` with it: the handle lets go of it when
// it is closed, whatever is under way.
Handle open_handle_of(const Arguments& arguments) {
  auto handle = arguments.handle<ControllerHandle>(0);
  return handle == nullptr || handle->shared == nullptr ? nullptr : handle;
}

}  // namespace

napi_value open_target(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  return run_open(
      env,
      [target = arguments.string(0), reconnect_ns = arguments.milliseconds(3)] {
        return open_transport(target, reconnect_ns);
      },
      static_cast<Role>(arguments.uint32(1)), arguments.milliseconds(2));
}

napi_value open_emulator(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const EmulatorOptions options = read_emulator_options(ObjectReader(env, arguments.value(0)));
  return run_open(
      env, [options] { return nvm::open_emulator(options); },
      static_cast<Role>(arguments.uint32(1)), arguments.milliseconds(2));
}

// (number of the emulator, controller index, role, milliseconds)
napi_value open_emulated_controller(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto id = to_unsigned<uint64_t>(arguments.number(0));
  const size_t index = arguments.uint32(1);
  return run_open(
      env,
      [id, index]() -> Result<std::shared_ptr<Transport>> {
        const auto device = find_emulator(id);
        if (device == nullptr) return Status(ErrorCode::Closed, "the emulator");
        return nvm::open_emulated_controller(device, id, index);
      },
      static_cast<Role>(arguments.uint32(2)), arguments.milliseconds(3));
}

napi_value attach_controller(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto shared = find_controller(to_unsigned<uint64_t>(arguments.number(0)));
  if (shared == nullptr) return closed(env);
  auto handle = std::make_shared<ControllerHandle>();
  handle->shared = std::move(shared);
  handle->timeout_ns = arguments.milliseconds(1);
  Environment::of(env)->add(handle);
  return describe(env, handle);
}

napi_value describe_controller(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto handle = open_handle_of(arguments);
  return handle == nullptr ? closed(env) : describe(env, handle);
}

napi_value claim_admin(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto handle = open_handle_of(arguments);
  if (handle == nullptr) return closed(env);
  return run_task(env, [shared = handle->shared, timeout_ns = handle->timeout_ns] {
    shared->controller->await_device();
    const Turn turn(shared->controller->transport());
    return shared->controller->claim_admin(timeout_ns);
  });
}

napi_value read_register(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto* handle = arguments.borrow<ControllerHandle>(0);
  if (handle == nullptr || handle->shared == nullptr || handle->released) return closed(env);
  return make_number(env,
                     handle->shared->controller->transport().read_register32(arguments.uint32(1)));
}

napi_value snapshot_controller(napi_env env, napi_callback_info info) {
  auto* handle = Arguments(env, info).borrow<ControllerHandle>(0);
  if (handle == nullptr || handle->shared == nullptr) return closed(env);
  {
    std::lock_guard lock(handle->mutex);  // another thread may be giving it back
    if (handle->released) return closed(env);
  }
  return make_snapshot(env, handle->shared->controller->snapshot());
}

napi_value reset_controller(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto handle = open_handle_of(arguments);
  if (handle == nullptr) return closed(env);
  return run_task(env, [shared = handle->shared, timeout_ns = handle->timeout_ns] {
    Controller& controller = *shared->controller;
    return controller.reset(controller.epoch(), timeout_ns);
  });
}

napi_value reset_subsystem(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto handle = open_handle_of(arguments);
  if (handle == nullptr) return closed(env);
  return run_task(env, [shared = handle->shared, timeout_ns = handle->timeout_ns] {
    return shared->controller->reset_subsystem(timeout_ns);
  });
}

// (controller), which is open → the memory of NamespaceChanges, to be detached before it is closed
napi_value namespace_changes(napi_env env, napi_callback_info info) {
  auto handle = open_handle_of(Arguments(env, info));
  const NamespaceChanges& changes = handle->shared->controller->transport().namespace_changes();
  return make_array_buffer(env, const_cast<NamespaceChanges*>(&changes), sizeof changes, handle);
}

// (controller) → to how many managers it has come after its first
napi_value later_managers(napi_env env, napi_callback_info info) {
  auto* handle = Arguments(env, info).borrow<ControllerHandle>(0);
  if (handle == nullptr || handle->shared == nullptr) return make_number(env, 0);
  return make_number(env, handle->shared->controller->transport().later_managers());
}

// (controller), which is about to be closed: when it is the last reference, nothing waits for
// another manager any more.
napi_value stop_waiting(napi_env env, napi_callback_info info) {
  auto* handle = Arguments(env, info).borrow<ControllerHandle>(0);
  if (handle == nullptr || handle->shared == nullptr || handle->released) return nullptr;
  if (handle->shared->references.load() == 1)
    handle->shared->controller->transport().stop_waiting();
  return nullptr;
}

napi_value close_controller(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto handle = arguments.handle<ControllerHandle>(0);
  if (handle == nullptr) return closed(env);
  return Task<Nothing>::run(
      env,
      [handle]() -> Result<Nothing> {
        Status released = handle->release();
        if (!released.ok()) return released;
        return Nothing{};
      },
      [handle](napi_env finish_env, Nothing&) {
        Environment::of(finish_env)->remove(handle);
        // The controller, and with it the device, go now, not when the handle is collected.
        handle->shared.reset();
        return make_undefined(finish_env);
      });
}

}  // namespace nvm::binding

// SPDX-License-Identifier: MIT
// Serving an emulated controller to other programs, as a PCI device over a socket (vfio-user).
#include "binding/calls.h"
#include "binding/environment.h"
#include "binding/task.h"
#include "emulator/emulated_device.h"
#include "vfio_user/server.h"

namespace nvm::binding {
namespace {

using vfio_user::Server;

// Ends with its handle at the latest: the environment's end collects it.
struct ServerHandle {
  std::mutex mutex;
  std::unique_ptr<Server> server;
};

Result<std::shared_ptr<ServerHandle>> serve(const EmulatorOptions& options,
                                            const std::string& folder) {
  auto device = emulator::make_emulated_device(options);
  if (!device.ok()) return std::move(device.status());
  std::unique_ptr<emulator::Subsystem> subsystem = std::move(device.value().subsystem);
  subsystem->add_controller({});
  auto started = Server::start(std::make_shared<emulator::Runner>(std::move(subsystem)), folder);
  if (!started.ok()) return std::move(started.status());
  auto handle = std::make_shared<ServerHandle>();
  handle->server = std::move(started.value());
  return handle;
}

}  // namespace

// (image, byte length, bytes per block, read only, folder)
napi_value serve_vfio_user(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  EmulatorOptions options;
  options.image = arguments.string(0);
  options.byte_length = static_cast<uint64_t>(arguments.number(1));
  options.create = options.byte_length != 0;
  options.lba_byte_length = arguments.uint32(2);
  options.read_only = arguments.boolean(3);
  const std::string folder = arguments.string(4);
  return Task<std::shared_ptr<ServerHandle>>::run(
      env, [options, folder] { return serve(options, folder); },
      [](napi_env finish_env, std::shared_ptr<ServerHandle>& handle) {
        return ObjectBuilder(finish_env)
            .set("handle", make_handle(finish_env, handle))
            .string("path", handle->server->path())
            .object();
      });
}

napi_value stop_serving(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto handle = arguments.handle<ServerHandle>(0);
  return run_task(env, [handle]() -> Status {
    if (handle == nullptr) return {};
    std::lock_guard lock(handle->mutex);
    handle->server.reset();
    return {};
  });
}

}  // namespace nvm::binding

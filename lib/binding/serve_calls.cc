// SPDX-License-Identifier: MIT
// Serving an emulated controller to other programs, as a PCI device over a socket (vfio-user).
#include "binding/calls.h"
#include "binding/emulators.h"
#include "binding/environment.h"
#include "binding/task.h"
#include "vfio_user/server.h"

namespace nvm::binding {
namespace {

using vfio_user::Server;

// Ends with its handle at the latest: the environment's end collects it.
struct ServerHandle {
  ~ServerHandle() { stop(); }
  void stop() {
    std::lock_guard lock(mutex);
    if (server == nullptr) return;
    server.reset();
    device->give_controller_back(controller_index);
  }

  std::mutex mutex;
  std::shared_ptr<emulator::RunningDevice> device;
  size_t controller_index = 0;
  std::unique_ptr<Server> server;
};

Result<std::shared_ptr<ServerHandle>> serve(std::shared_ptr<emulator::RunningDevice> device,
                                            const std::string& folder,
                                            const vfio_user::ServerOptions& options) {
  NVM_TRY(device->take_controller(options.controller_index));
  auto handle = std::make_shared<ServerHandle>();
  // The server's runner is the device's, and keeps all of it.
  const std::shared_ptr<emulator::Runner> runner(device, &device->runner());
  auto started = Server::start(runner, folder, options);
  if (!started.ok()) {
    device->give_controller_back(options.controller_index);
    return std::move(started.status());
  }
  handle->device = std::move(device);
  handle->controller_index = options.controller_index;
  handle->server = std::move(started.value());
  return handle;
}

}  // namespace

// (emulator, controller index, folder, doorbells are polled)
napi_value serve_vfio_user(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto emulator = arguments.handle<EmulatorHandle>(0);
  auto device = emulator == nullptr ? nullptr : emulator->device();
  if (device == nullptr) return make_failure(env, Failure{ErrorCode::Closed, 0, 0, "the emulator"});
  vfio_user::ServerOptions options;
  options.controller_index = arguments.uint32(1);
  if (arguments.boolean(3)) options.doorbells = vfio_user::Doorbells::Poll;
  return Task<std::shared_ptr<ServerHandle>>::run(
      env,
      [device, folder = arguments.string(2), options] { return serve(device, folder, options); },
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
    if (handle != nullptr) handle->stop();
    return {};
  });
}

}  // namespace nvm::binding

// SPDX-License-Identifier: MIT
// Sharing a controller with other processes, and asking who shares one.
#include "binding/calls.h"
#include "binding/environment.h"
#include "binding/object_reader.h"
#include "binding/task.h"
#include "rpc/client.h"
#include "rpc/server.h"

namespace nvm::binding {
namespace {

// Ends with its handle at the latest: the environment's end collects it.
struct SharingHandle {
  ~SharingHandle() { stop(); }
  void stop() {
    std::lock_guard lock(mutex);
    server.reset();
  }

  std::mutex mutex;
  std::unique_ptr<rpc::Server> server;
};

struct Sharing {
  std::string path;
  rpc::ServiceLimits limits;
  rpc::ServicePolicy policy;
};

Sharing read_options(const ObjectReader& options) {
  Sharing sharing;
  sharing.path = options.string("path");
  rpc::ServiceLimits& limits = sharing.limits;
  limits.clients_max = options.integer("clients", limits.clients_max);
  limits.queue_pairs_max = options.integer("queuePairs", limits.queue_pairs_max);
  limits.mapped_bytes_max = options.integer("memoryBytes", limits.mapped_bytes_max);
  sharing.policy.administers = options.boolean("administers");
  OpcodeSet& opcodes = sharing.policy.sharing.opcodes;
  for (const ObjectReader& each : options.objects("opcodes")) {
    if (opcodes.all()) opcodes.reset();
    opcodes.set(each.integer<uint8_t>("opcode", 0));
  }
  if (options.boolean("readOnly")) opcodes &= reading_opcodes();
  for (const ObjectReader& each : options.objects("namespaces")) {
    sharing.policy.sharing.namespaces.push_back(each.integer<uint32_t>("id", 0));
  }
  return sharing;
}

Result<std::shared_ptr<SharingHandle>> share(const std::shared_ptr<ControllerHandle>& handle,
                                             const Sharing& sharing) {
  auto served = rpc::share(*handle->shared->controller, sharing.policy.sharing);
  if (!served.ok()) return std::move(served.status());
  auto started =
      rpc::Server::start(std::move(served.value()), sharing.path, sharing.limits, sharing.policy);
  if (!started.ok()) return std::move(started.status());
  auto result = std::make_shared<SharingHandle>();
  result->server = std::move(started.value());
  return result;
}

struct SharingStatus {
  spec::RpcWelcome manager;
  std::vector<spec::RpcStatusClient> clients;
};

Result<SharingStatus> ask(const std::string& path) {
  auto connected = rpc::Client::connect(path, true);
  if (!connected.ok()) return std::move(connected.status());
  rpc::Client& client = *connected.value();
  auto reply = client.call(rpc::make_message(spec::rpc_code::status, 0));
  if (!reply.ok()) return std::move(reply.status());
  SharingStatus status{client.welcome(), {}};
  const auto body = rpc::parse_body<spec::RpcStatus>(reply.value());
  for (uint32_t i = 0; body && i < body->client_count; i++) {
    const auto each = rpc::parse_body<spec::RpcStatusClient>(
        reply.value(), sizeof(spec::RpcStatus) + i * sizeof(spec::RpcStatusClient));
    if (!each) break;
    status.clients.push_back(*each);
  }
  return status;
}

napi_value describe(napi_env env, const spec::RpcStatusClient& client) {
  return ObjectBuilder(env)
      .number("id", client.client_id)
      .number("pid", client.pid)
      .number("uid", client.uid)
      .number("queuePairs", client.queue_pairs)
      .number("mappedBytes", static_cast<double>(client.mapped_bytes))
      .number("mappings", client.mappings)
      .boolean("leaving", client.leaving != 0)
      .number("ioCommands",
              client.io_commands == UINT64_MAX ? -1 : static_cast<double>(client.io_commands))
      .number("adminCommands", static_cast<double>(client.admin_commands))
      .number("connectedNs", static_cast<double>(client.connected_ns))
      .object();
}

}  // namespace

// (controller, options)
napi_value share_controller(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto handle = arguments.handle<ControllerHandle>(0);
  if (handle == nullptr || handle->released) {
    return make_failure(env, Failure{ErrorCode::Closed, 0, 0, "the controller reference"});
  }
  return Task<std::shared_ptr<SharingHandle>>::run(
      env,
      [handle, sharing = read_options(ObjectReader(env, arguments.value(1)))] {
        return share(handle, sharing);
      },
      [](napi_env finish_env, std::shared_ptr<SharingHandle>& sharing) {
        return ObjectBuilder(finish_env)
            .set("handle", make_handle(finish_env, sharing))
            .string("path", sharing->server->path())
            .object();
      });
}

napi_value stop_sharing(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  auto handle = arguments.handle<SharingHandle>(0);
  return run_task(env, [handle]() -> Status {
    if (handle != nullptr) handle->stop();
    return {};
  });
}

// (path)
napi_value read_sharing(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  return Task<SharingStatus>::run(
      env, [path = arguments.string(0)] { return ask(path); },
      [](napi_env finish_env, SharingStatus& status) {
        napi_value clients = nullptr;
        napi_create_array_with_length(finish_env, status.clients.size(), &clients);
        for (uint32_t i = 0; i < status.clients.size(); i++) {
          napi_set_element(finish_env, clients, i, describe(finish_env, status.clients[i]));
        }
        return ObjectBuilder(finish_env)
            .string("address", status.manager.address)
            .set("clients", clients)
            .object();
      });
}

}  // namespace nvm::binding

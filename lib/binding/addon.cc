// SPDX-License-Identifier: MIT
// The addon's entry: makes the environment and exports the calls.
#include "binding/calls.h"
#include "binding/environment.h"

namespace nvm::binding {
namespace {

struct Export {
  const char* name;
  napi_callback call;
};

constexpr Export kExports[] = {
    {"openTarget", open_target},
    {"openEmulator", open_emulator},
    {"openEmulatedController", open_emulated_controller},
    {"attachController", attach_controller},
    {"describeController", describe_controller},
    {"claimAdmin", claim_admin},
    {"submitAdmin", submit_admin},
    {"traceAdmin", trace_admin},
    {"readRegister", read_register},
    {"snapshotController", snapshot_controller},
    {"resetController", reset_controller},
    {"resetSubsystem", reset_subsystem},
    {"closeController", close_controller},
    {"namespaceChanges", namespace_changes},
    {"laterManagers", later_managers},
    {"stopWaiting", stop_waiting},
    {"watchEvents", watch_events},
    {"unwatchEvents", unwatch_events},
    {"hasEvents", has_events},
    {"takeEvents", take_events},
    {"allocate", allocate},
    {"allocateNow", allocate_now},
    {"map", map},
    {"mapPeer", map_peer},
    {"attachDescriptor", attach_descriptor},
    {"releaseDescriptor", release_descriptor},
    {"quarantineDescriptor", quarantine_descriptor},
    {"createQueuePair", create_queue_pair},
    {"closeQueuePair", close_queue_pair},
    {"releaseQueuePair", release_queue_pair},
    {"abortCommand", abort_command},
    {"dropQueuePair", drop_queue_pair},
    {"recreateQueuePair", recreate_queue_pair},
    {"awaitsManager", awaits_manager},
    {"detach", detach},
    {"ringSubmissions", ring_submissions},
    {"ringCompletions", ring_completions},
    {"wakeDevice", wake_device},
    {"pump", pump},
    {"openWakeSocket", open_wake_socket},
    {"createBatch", create_batch},
    {"measureBatch", measure_batch},
    {"exchangeBatch", exchange_batch},
    {"runLoads", run_loads},
    {"startEmulator", start_emulator},
    {"closeEmulator", close_emulator},
    {"emulatorStats", emulator_stats},
    {"saveEmulator", save_emulator},
    {"injectFault", inject_fault},
    {"faultHits", fault_hits},
    {"removeFault", remove_fault},
    {"addNamespace", add_namespace},
    {"removeNamespace", remove_namespace},
    {"addCommand", add_command},
    {"moveBlocks", move_blocks},
    {"takeBlocks", take_blocks},
    {"finishCommand", finish_command},
    {"serveVfioUser", serve_vfio_user},
    {"stopServing", stop_serving},
    {"shareController", share_controller},
    {"stopSharing", stop_sharing},
    {"readSharing", read_sharing},
};

}  // namespace
}  // namespace nvm::binding

NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  nvm::binding::Environment::install(env);
  for (const auto& each : nvm::binding::kExports) {
    napi_value function = nullptr;
    napi_create_function(env, each.name, NAPI_AUTO_LENGTH, each.call, nullptr, &function);
    napi_set_named_property(env, exports, each.name, function);
  }
  return exports;
}

// SPDX-License-Identifier: MIT
// Every function that the addon exports, by file. Their JavaScript types: src/native/binding.ts.
#pragma once

#include <node_api.h>

namespace nvm::binding {

// controller_calls.cc
napi_value open_target(napi_env env, napi_callback_info info);
napi_value open_emulator(napi_env env, napi_callback_info info);
napi_value open_emulated_controller(napi_env env, napi_callback_info info);
napi_value attach_controller(napi_env env, napi_callback_info info);
napi_value describe_controller(napi_env env, napi_callback_info info);
napi_value claim_admin(napi_env env, napi_callback_info info);
napi_value read_register(napi_env env, napi_callback_info info);
napi_value snapshot_controller(napi_env env, napi_callback_info info);
napi_value reset_controller(napi_env env, napi_callback_info info);
napi_value reset_subsystem(napi_env env, napi_callback_info info);
napi_value close_controller(napi_env env, napi_callback_info info);
napi_value namespace_changes(napi_env env, napi_callback_info info);
napi_value later_managers(napi_env env, napi_callback_info info);
napi_value stop_waiting(napi_env env, napi_callback_info info);

// admin_calls.cc
napi_value submit_admin(napi_env env, napi_callback_info info);

// admin_trace.cc
napi_value trace_admin(napi_env env, napi_callback_info info);

// event_calls.cc
napi_value watch_events(napi_env env, napi_callback_info info);
napi_value unwatch_events(napi_env env, napi_callback_info info);
napi_value has_events(napi_env env, napi_callback_info info);
napi_value take_events(napi_env env, napi_callback_info info);

// memory_calls.cc
napi_value allocate(napi_env env, napi_callback_info info);
napi_value allocate_now(napi_env env, napi_callback_info info);
napi_value map(napi_env env, napi_callback_info info);
napi_value map_peer(napi_env env, napi_callback_info info);
napi_value attach_descriptor(napi_env env, napi_callback_info info);
napi_value release_descriptor(napi_env env, napi_callback_info info);
napi_value quarantine_descriptor(napi_env env, napi_callback_info info);

// queue_calls.cc
napi_value create_queue_pair(napi_env env, napi_callback_info info);
napi_value close_queue_pair(napi_env env, napi_callback_info info);
napi_value release_queue_pair(napi_env env, napi_callback_info info);
napi_value abort_command(napi_env env, napi_callback_info info);
napi_value drop_queue_pair(napi_env env, napi_callback_info info);
napi_value recreate_queue_pair(napi_env env, napi_callback_info info);
napi_value awaits_manager(napi_env env, napi_callback_info info);
napi_value detach(napi_env env, napi_callback_info info);
napi_value ring_submissions(napi_env env, napi_callback_info info);
napi_value ring_completions(napi_env env, napi_callback_info info);
napi_value wake_device(napi_env env, napi_callback_info info);
napi_value pump(napi_env env, napi_callback_info info);
napi_value open_wake_socket(napi_env env, napi_callback_info info);

// batch.cc
napi_value create_batch(napi_env env, napi_callback_info info);
napi_value measure_batch(napi_env env, napi_callback_info info);
napi_value exchange_batch(napi_env env, napi_callback_info info);

// measure_calls.cc
napi_value run_loads(napi_env env, napi_callback_info info);

// emulator_calls.cc
napi_value start_emulator(napi_env env, napi_callback_info info);
napi_value close_emulator(napi_env env, napi_callback_info info);
napi_value emulator_stats(napi_env env, napi_callback_info info);
napi_value save_emulator(napi_env env, napi_callback_info info);
napi_value inject_fault(napi_env env, napi_callback_info info);
napi_value fault_hits(napi_env env, napi_callback_info info);
napi_value remove_fault(napi_env env, napi_callback_info info);
napi_value add_namespace(napi_env env, napi_callback_info info);
napi_value remove_namespace(napi_env env, napi_callback_info info);

// added_command_calls.cc
napi_value add_command(napi_env env, napi_callback_info info);
napi_value move_blocks(napi_env env, napi_callback_info info);
napi_value take_blocks(napi_env env, napi_callback_info info);
napi_value finish_command(napi_env env, napi_callback_info info);

// share_calls.cc
napi_value share_controller(napi_env env, napi_callback_info info);
napi_value stop_sharing(napi_env env, napi_callback_info info);
napi_value read_sharing(napi_env env, napi_callback_info info);

// serve_calls.cc
napi_value serve_vfio_user(napi_env env, napi_callback_info info);
napi_value stop_serving(napi_env env, napi_callback_info info);

}  // namespace nvm::binding

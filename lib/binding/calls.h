// SPDX-License-Identifier: MIT
// Every function that the addon exports, by file. Their JavaScript types: src/native/binding.ts.
#pragma once

#include <node_api.h>

namespace nvm::binding {

// controller_calls.cc
napi_value open_target(napi_env env, napi_callback_info info);
napi_value open_emulator(napi_env env, napi_callback_info info);
napi_value attach_controller(napi_env env, napi_callback_info info);
napi_value describe_controller(napi_env env, napi_callback_info info);
napi_value claim_admin(napi_env env, napi_callback_info info);
napi_value submit_admin(napi_env env, napi_callback_info info);
napi_value read_register(napi_env env, napi_callback_info info);
napi_value close_controller(napi_env env, napi_callback_info info);

// memory_calls.cc
napi_value allocate(napi_env env, napi_callback_info info);
napi_value allocate_now(napi_env env, napi_callback_info info);
napi_value map(napi_env env, napi_callback_info info);
napi_value attach_descriptor(napi_env env, napi_callback_info info);
napi_value release_descriptor(napi_env env, napi_callback_info info);
napi_value quarantine_descriptor(napi_env env, napi_callback_info info);

// queue_calls.cc
napi_value create_queue_pair(napi_env env, napi_callback_info info);
napi_value close_queue_pair(napi_env env, napi_callback_info info);
napi_value detach(napi_env env, napi_callback_info info);
napi_value ring_submissions(napi_env env, napi_callback_info info);
napi_value ring_completions(napi_env env, napi_callback_info info);
napi_value wake_device(napi_env env, napi_callback_info info);
napi_value pump(napi_env env, napi_callback_info info);
napi_value open_wake_socket(napi_env env, napi_callback_info info);
napi_value usable_cpus(napi_env env, napi_callback_info info);

// batch.cc
napi_value create_batch(napi_env env, napi_callback_info info);
napi_value exchange_batch(napi_env env, napi_callback_info info);

// serve_calls.cc
napi_value serve_vfio_user(napi_env env, napi_callback_info info);
napi_value stop_serving(napi_env env, napi_callback_info info);

}  // namespace nvm::binding

// SPDX-License-Identifier: MIT
// What src/native/binding.ts calls NativeSnapshot.
#pragma once

#include <node_api.h>

#include "driver/snapshot.h"

namespace nvm::binding {

napi_value make_snapshot(napi_env env, const ControllerSnapshot& snapshot);

}  // namespace nvm::binding

// SPDX-License-Identifier: MIT
// What this process has open: the same device opened twice is the same transport.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "transport/transport.h"

namespace nvm {

// The open transport for `key`, unless its device is gone, or what `open` makes. Waits while
// another thread opens or closes that device, so that it is opened once, and never before it is
// released; other devices are opened meanwhile.
Result<std::shared_ptr<Transport>> share_open_device(
    const std::string& key, const std::function<Result<std::unique_ptr<Transport>>()>& open);

// ERR_CLOSED where a parent process had `key` open at the fork: what this one inherited of it is
// the parent's.
Status refuse_if_parents(const std::string& key);

}  // namespace nvm

// SPDX-License-Identifier: MIT
// What the operating system refused, as a Failure that names the call and its errno.
#pragma once

#include "platform/status.h"

namespace nvm {

// `what`: the call and its object, as in "open /dev/vfio/7". ERR_PERMISSION for EACCES and EPERM,
// ERR_OS otherwise.
Failure os_failure(const std::string& what, int os_error);

// "Permission denied (EACCES)".
std::string describe_errno(int os_error);

}  // namespace nvm

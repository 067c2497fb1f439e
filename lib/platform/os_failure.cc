// SPDX-License-Identifier: MIT
#include "platform/os_failure.h"

#include <errno.h>
#include <string.h>

namespace nvm {

std::string describe_errno(int os_error) {
  const char* text = strerrordesc_np(os_error);
  const char* name = strerrorname_np(os_error);
  if (text == nullptr || name == nullptr) return "errno " + std::to_string(os_error);
  return std::string(text) + " (" + name + ")";
}

Failure os_failure(const std::string& what, int os_error) {
  const bool refused = os_error == EACCES || os_error == EPERM;
  return Failure{refused ? ErrorCode::Permission : ErrorCode::Os, os_error, 0,
                 what + ": " + describe_errno(os_error)};
}

}  // namespace nvm

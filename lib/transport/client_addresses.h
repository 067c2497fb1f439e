// SPDX-License-Identifier: MIT
// Where I/O addresses of clients begin, for transports that choose them.
#pragma once

#include <cstdint>

namespace nvm {

// At another place for each manager, so that addresses of a manager that has ended are free when
// its clients come to the next.
uint64_t first_client_address();

}  // namespace nvm

// SPDX-License-Identifier: MIT
#include "platform/status.h"

namespace nvm {

int Status::packed() const {
  if (ok()) return 0;
  constexpr uint16_t kStatusCodeAndType = 0x07ff;
  if (failure_->code == ErrorCode::NvmeStatus) return -(failure_->nvme_status & kStatusCodeAndType);
  if (failure_->code == ErrorCode::Os && failure_->os_error > 0) return failure_->os_error;
  return error_errno(failure_->code);
}

}  // namespace nvm

// SPDX-License-Identifier: MIT
// nvm_error.h.
#include <nvm_error.h>
#include <string.h>

#include <string>

#include "capi/handles.h"
#include "spec/nvme.h"

namespace {

thread_local std::string last_reason;

std::string sentence(const nvm::Failure& failure) {
  const std::string placeholder = "{detail}";
  std::string text = nvm::error_message(failure.code);
  const size_t at = text.find(placeholder);
  if (at != std::string::npos) {
    const bool nvme = failure.code == nvm::ErrorCode::NvmeStatus && failure.detail.empty();
    text.replace(at, placeholder.size(),
                 nvme ? nvm::spec::status_name(failure.nvme_status) : failure.detail);
  }
  return text + ". " + nvm::error_fix(failure.code);
}

}  // namespace

namespace nvm::capi {

int report(const Status& failure) {
  if (failure.ok()) return 0;
  last_reason = sentence(failure.failure());
  return failure.packed();
}

}  // namespace nvm::capi

extern "C" const char* nvm_strerror(int status) {
  constexpr int kStatusCodeAndTypeMax = 0x7ff;
  if (status < -kStatusCodeAndTypeMax) return "unknown status";
  if (status < 0) return nvm::spec::status_name(static_cast<uint16_t>(-status));
  const char* words = strerrordesc_np(status);
  return words != nullptr ? words : "unknown error";
}

extern "C" const char* nvm_reason(void) {
  return last_reason.c_str();
}

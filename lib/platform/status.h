// SPDX-License-Identifier: MIT
// The one result type of the library. A failure names a row of the error table (src/errors.ts,
// which generates spec/errors.h) and carries what varies: errno, NVMe status, a detail for the
// message.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "spec/errors.h"

namespace nvm {

struct ControllerSnapshot;

struct Failure {
  ErrorCode code;
  int os_error = 0;  // errno, where the operating system refused
  uint16_t nvme_status =
      0;  // CQE status field without the phase tag: SC 7:0, SCT 10:8, CRD 12:11, M 13, DNR 14
  std::string detail;  // the part of the message that varies: a path, a pid, a limit
  // Of a controller that was given up for it (driver/snapshot.h), as it was before.
  std::shared_ptr<const ControllerSnapshot> snapshot{};
};

// Success costs one null pointer; a failure is allocated.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Failure failure) : failure_(std::make_unique<Failure>(std::move(failure))) {}
  Status(ErrorCode code, std::string detail = {}, int os_error = 0)
      : Status(Failure{code, os_error, 0, std::move(detail)}) {}

  // The outcome of a completion: ok for status 0, ErrorCode::NvmeStatus otherwise.
  static Status from_nvme(uint16_t status_field) {
    if (status_field == 0) return {};
    return Failure{ErrorCode::NvmeStatus, 0, status_field, {}};
  }

  bool ok() const { return failure_ == nullptr; }
  const Failure& failure() const { return *failure_; }

  // libnvm's form: 0, a positive errno, or −((SCT << 8) | SC).
  int packed() const;

 private:
  std::unique_ptr<Failure> failure_;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status status) : status_(std::move(status)) {}
  Result(Failure failure) : status_(std::move(failure)) {}

  bool ok() const { return value_.has_value(); }
  T& value() { return *value_; }
  const T& value() const { return *value_; }
  Status& status() { return status_; }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace nvm

// Returns the failure of `expression` from the calling function.
#define NVM_TRY(expression)                          \
  do {                                               \
    ::nvm::Status nvm_try_status = (expression);     \
    if (!nvm_try_status.ok()) return nvm_try_status; \
  } while (0)

// SPDX-License-Identifier: MIT
// What a failure becomes in libnvm's form, and that it keeps its parts.
#include "platform/status.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "platform/os_failure.h"

using namespace nvm;

TEST_CASE("success packs to 0") {
  CHECK(Status().ok());
  CHECK(Status().packed() == 0);
  CHECK(Status::from_nvme(0).ok());
}

TEST_CASE("a failure packs to the errno of its row of the error table") {
  CHECK(Status(ErrorCode::Timeout).packed() == ETIME);
  CHECK(Status(ErrorCode::Busy, "held", EWOULDBLOCK).packed() == EBUSY);
}

TEST_CASE("a refusal of the operating system packs to its own errno") {
  CHECK(Status(ErrorCode::Os, "write", ENOSPC).packed() == ENOSPC);
  CHECK(Status(ErrorCode::Os, "write").packed() == EIO);
}

TEST_CASE("an NVMe status packs to minus its type and code, without retry bits") {
  constexpr uint16_t kLbaOutOfRange = 0x0080;
  constexpr uint16_t kInvalidQueueIdentifier = 0x0101;
  constexpr uint16_t kDoNotRetryAndMore = 0x6000;
  CHECK(Status::from_nvme(kLbaOutOfRange | kDoNotRetryAndMore).packed() == -kLbaOutOfRange);
  CHECK(Status::from_nvme(kInvalidQueueIdentifier).packed() == -kInvalidQueueIdentifier);
  CHECK(Status::from_nvme(kLbaOutOfRange).failure().code == ErrorCode::NvmeStatus);
}

TEST_CASE("a refused call is a matter of permission or of the system, and says which call") {
  CHECK(os_failure("open /x", EACCES).code == ErrorCode::Permission);
  CHECK(os_failure("open /x", EPERM).code == ErrorCode::Permission);
  const Failure failure = os_failure("open /x", ENOSPC);
  CHECK(failure.code == ErrorCode::Os);
  CHECK(failure.detail == "open /x: No space left on device (ENOSPC)");
  CHECK(describe_errno(99999) == "errno 99999");
}

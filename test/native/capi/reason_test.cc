// SPDX-License-Identifier: MIT
// What nvm_reason() says is for C programs, whichever code a call fails with.
#include <doctest/doctest.h>
#include <nvm_error.h>

#include <regex>
#include <string>

#include "capi/handles.h"

namespace nvm::test {
namespace {

constexpr int kNumbersBeyondAll = 200;
// Members and object literals of TypeScript, and functions that no header of ours declares.
const std::regex kTypeScript(
    R"(\b(controller|device|error|namespace|queue|server)\.[a-z]|\{ |promise|dispose)"
    R"(|\b(?!nvm_|NVM_)\w+\(\))");

}  // namespace

TEST_CASE("no reason tells a C program what to do in TypeScript") {
  int codes = 0;
  for (int number = 1; number < kNumbersBeyondAll; number++) {
    const auto code = static_cast<ErrorCode>(number);
    if (std::string(error_name(code)) == "ERR_UNKNOWN") continue;
    codes++;
    (void)capi::report(Status(code, "what varies"));
    const std::string reason = nvm_reason();
    CAPTURE(reason);
    CHECK(reason.find("what varies. ") != std::string::npos);
    CHECK(!std::regex_search(reason, kTypeScript));
  }
  CHECK(codes > 30);
}

}  // namespace nvm::test

// SPDX-License-Identifier: MIT
#include "driver/manager_claim.h"

#include <mutex>
#include <set>

namespace nvm {

namespace {

struct Claims {
  std::mutex mutex;
  std::set<std::string> keys;
};

Claims& claims() {
  static Claims& instance =
      *new Claims;  // outlives every static object that may still hold a claim
  return instance;
}

std::string key_of(Transport& transport) {
  const Capabilities& capabilities = transport.capabilities();
  if (!capabilities.emulated && !capabilities.address.empty()) return capabilities.address;
  // Two transports of one emulated controller show the same registers.
  const volatile void* identity = transport.bar() != nullptr ? transport.bar() : &transport;
  return "at " + std::to_string(reinterpret_cast<uintptr_t>(identity));
}

}  // namespace

Result<std::unique_ptr<ManagerClaim>> ManagerClaim::take(Transport& transport) {
  std::string key = key_of(transport);
  std::lock_guard lock(claims().mutex);
  if (!claims().keys.insert(key).second) {
    return Status(ErrorCode::Busy,
                  transport.capabilities().address + " has a manager in this process");
  }
  return std::unique_ptr<ManagerClaim>(new ManagerClaim(std::move(key)));
}

ManagerClaim::~ManagerClaim() {
  std::lock_guard lock(claims().mutex);
  claims().keys.erase(key_);
}

}  // namespace nvm

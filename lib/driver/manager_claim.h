// SPDX-License-Identifier: MIT
// One manager per controller in a process: who owns the admin queues holds the claim while they
// exist.
#pragma once

#include <memory>
#include <string>

#include "transport/transport.h"

namespace nvm {

class ManagerClaim {
 public:
  // ERR_BUSY when this process holds a claim on the same controller.
  static Result<std::unique_ptr<ManagerClaim>> take(Transport& transport);
  ~ManagerClaim();
  ManagerClaim(const ManagerClaim&) = delete;
  ManagerClaim& operator=(const ManagerClaim&) = delete;

 private:
  explicit ManagerClaim(std::string key) : key_(std::move(key)) {}

  std::string key_;
};

}  // namespace nvm

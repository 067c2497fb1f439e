// SPDX-License-Identifier: MIT
// Which process an object was made in. A child of fork() inherits memory and file descriptors of
// devices, but neither the threads that serve them nor the right to them: what it inherited it must
// leave as it is.
#pragma once

#include <cstdint>
#include <string>

namespace nvm {

class ProcessMark {
 public:
  ProcessMark();

  // Whether this is another process than the one that made the object. Costs two loads.
  bool is_inherited() const;
  // For an error: whose it is, and what to do instead.
  std::string explain() const;

 private:
  uint32_t generation_;
  int process_id_;
};

}  // namespace nvm

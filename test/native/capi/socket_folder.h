// SPDX-License-Identifier: MIT
// A folder for sockets, which goes with its contents.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace nvm::test {

class SocketFolder {
 public:
  SocketFolder() : path_(std::filesystem::temp_directory_path() / "peernvm-capi-XXXXXX") {
    REQUIRE(mkdtemp(path_.data()) != nullptr);
  }
  ~SocketFolder() { std::filesystem::remove_all(path_); }
  std::string operator/(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace nvm::test

// SPDX-License-Identifier: MIT
#include "vfio_user/capabilities.h"

#include <doctest/doctest.h>

#include <string>

using namespace nvm::vfio_user;

TEST_CASE("a client that names no bounds has the protocol's") {
  const char* texts[] = {"",
                         "{}",
                         R"({"capabilities":{}})",
                         " { \"capabilities\" : { } , \"x\" : [ 1 , -2.5e3, null ] } ",
                         R"({"capabilities":{"twin_socket":{"supported":true},"pgsizes":4096}})",
                         R"({"a\"b":"}","capabilities":{"migration":{"pgsize":[{},[],""]}}})"};
  for (const char* text : texts) {
    CAPTURE(text);
    auto capabilities = parse_capabilities(text);
    REQUIRE(capabilities);
    CHECK(capabilities->fds_max == 1);
    CHECK(capabilities->data_byte_length_max == 1 << 20);
  }
}

TEST_CASE("a client's bounds are read, wherever they stand") {
  // As QEMU sends them.
  auto capabilities = parse_capabilities(
      R"({"capabilities": {"migration": {"pgsize": 4096}, "max_msg_fds": 8, "pgsizes": 4096,)"
      R"( "max_data_xfer_size": 65536, "write_multiple": true, "max_dma_maps": 65535}})");
  REQUIRE(capabilities);
  CHECK(capabilities->fds_max == 8);
  CHECK(capabilities->data_byte_length_max == 65536);
}

TEST_CASE("what is not a JSON object, or no number where one belongs, is refused") {
  const std::string deep(1000, '[');
  const std::string texts[] = {"{",
                               "}",
                               "[]",
                               "x",
                               " ",
                               "{}x",
                               R"({"capabilities":1})",
                               R"({"capabilities":{"max_msg_fds":"1"}})",
                               R"({"capabilities":{"max_msg_fds":-1}})",
                               R"({"capabilities":{"max_msg_fds":true}})",
                               R"({"capabilities":{"max_data_xfer_size":1.5}})",
                               R"({"capabilities":{"max_data_xfer_size":99999999999999999999}})",
                               R"({"capabilities":{"max_msg_fds":1,}})",
                               R"({"capabilities":{"max_msg_fds"}})",
                               R"({"a":tru})",
                               R"({"a":})",
                               R"({"a)",
                               R"({"a\)",
                               "{\"a\":" + deep,
                               "{\"a\":" + deep + std::string(1000, ']') + "}"};
  for (const std::string& text : texts) {
    CAPTURE(text);
    CHECK_FALSE(parse_capabilities(text));
  }
}

TEST_CASE("the advertised capabilities are the enforced bounds") {
  std::string text(capabilities_json());
  CHECK(text == R"({"capabilities":{"max_msg_fds":16,"max_data_xfer_size":65536,)"
                R"("max_dma_maps":16384,"pgsizes":4096}})");
}

// SPDX-License-Identifier: MIT
// Descriptors over a transport that scatters memory: addresses, lifetime, and memory that may not
// go.
#include "memory/dma_descriptor.h"

#include <doctest/doctest.h>

using namespace nvm;

namespace {

constexpr uint64_t kPage = 4096;

// Maps each page somewhere else, in descending order, and counts what is mapped.
class ScatteringTransport final : public Transport {
 public:
  const Capabilities& capabilities() const override { return capabilities_; }
  uint32_t read_register32(uint32_t) override { return 0; }
  uint64_t read_register64(uint32_t) override { return 0; }
  void write_register32(uint32_t, uint32_t) override {}
  void write_register64(uint32_t, uint64_t) override {}
  Doorbells doorbells() override { return {}; }
  volatile void* bar() override { return nullptr; }
  size_t bar_byte_length() override { return 0; }
  Status reset() override { return {}; }

  Result<Mapping> map(const Buffer& buffer) override {
    if (refuse_map) return Status(ErrorCode::Memory, "full");
    Mapping mapping;
    for (uint64_t at = 0; at < buffer.byte_length(); at += run_byte_length) {
      mapping.runs.push_back({0x9000'0000 - at * 2, run_byte_length});
    }
    mapped++;
    return mapping;
  }
  Status unmap(const Mapping&) override {
    if (refuse_unmap) return Status(ErrorCode::Busy);
    mapped--;
    return {};
  }

  uint64_t run_byte_length = kPage;
  bool refuse_map = false;
  bool refuse_unmap = false;
  int mapped = 0;

 private:
  Capabilities capabilities_;
};

}  // namespace

TEST_CASE("an offset has the address of its run") {
  auto transport = std::make_shared<ScatteringTransport>();
  auto descriptor = DmaDescriptor::map(transport, Buffer::allocate(5 * kPage).value()).value();
  REQUIRE(descriptor->runs().size() == 5);
  for (uint64_t offset = 0; offset < 5 * kPage; offset += 64) {
    const uint64_t expected = 0x9000'0000 - offset / kPage * kPage * 2 + offset % kPage;
    CHECK(descriptor->io_address(offset) == expected);
  }
  CHECK(descriptor->io_address(5 * kPage - 1) == 0x9000'0000 - 8 * kPage + kPage - 1);
}

TEST_CASE("one run is plain addition") {
  auto transport = std::make_shared<ScatteringTransport>();
  transport->run_byte_length = 4 * kPage;
  auto descriptor = DmaDescriptor::map(transport, Buffer::allocate(4 * kPage).value()).value();
  CHECK(descriptor->io_address(3 * kPage + 5) == 0x9000'0000 + 3 * kPage + 5);
}

TEST_CASE("the mapping ends with the last reference, and the descriptor keeps the memory") {
  auto transport = std::make_shared<ScatteringTransport>();
  auto buffer = Buffer::allocate(kPage).value();
  std::weak_ptr<Buffer> memory = buffer;
  auto descriptor = DmaDescriptor::map(transport, std::move(buffer)).value();
  auto second = descriptor;
  descriptor.reset();
  CHECK(transport->mapped == 1);
  CHECK_FALSE(memory.expired());
  second.reset();
  CHECK(transport->mapped == 0);
  CHECK(memory.expired());
}

TEST_CASE("memory that the device still uses is never freed") {
  auto transport = std::make_shared<ScatteringTransport>();
  auto buffer = Buffer::allocate(kPage).value();
  std::weak_ptr<Buffer> memory = buffer;
  auto descriptor = DmaDescriptor::map(transport, std::move(buffer)).value();
  transport->refuse_unmap = true;
  descriptor.reset();
  CHECK_FALSE(memory.expired());
}

TEST_CASE("a refused mapping is the transport's failure") {
  auto transport = std::make_shared<ScatteringTransport>();
  transport->refuse_map = true;
  auto refused = DmaDescriptor::map(transport, Buffer::allocate(kPage).value());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().failure().detail == "full");
}

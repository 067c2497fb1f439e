// SPDX-License-Identifier: MIT
// State as bytes: the same comes back, older versions are read, newer ones and damage are refused,
// and no input makes the reader misbehave.
#include "emulator/archive.h"

#include <doctest/doctest.h>

#include <array>
#include <cstring>

namespace nvm::emulator {
namespace {

constexpr uint32_t kTag = archive_tag("TEST");

struct Item {
  uint16_t number = 0;
  std::string name;
  bool operator==(const Item&) const = default;
};

struct State {
  uint8_t a = 0;
  uint16_t b = 0;
  uint32_t c = 0;
  uint64_t d = 0;
  bool flag = false;
  std::array<std::byte, 5> fixed{};
  std::vector<std::byte> blob;
  std::vector<Item> items;
  uint32_t since_version_2 = 77;
  bool operator==(const State&) const = default;
};

template <class Archive>
void archive_state(Archive& archive, auto& state, uint32_t version_to_use) {
  archive.section(kTag, version_to_use, [&](uint32_t version) {
    archive.u8(state.a);
    archive.u16(state.b);
    archive.u32(state.c);
    archive.u64(state.d);
    archive.boolean(state.flag);
    archive.bytes(state.fixed);
    archive.blob(state.blob);
    archive.section(archive_tag("LIST"), 1, [&](uint32_t) {
      archive.list(state.items, [&](auto& item) {
        archive.u16(item.number);
        archive.string(item.name);
      });
    });
    if (version >= 2) archive.u32(state.since_version_2);
  });
}

State sample() {
  State state;
  state.a = 0xa1;
  state.b = 0xb2b1;
  state.c = 0xc4c3c2c1;
  state.d = 0xd8d7d6d5d4d3d2d1;
  state.flag = true;
  state.fixed[4] = std::byte{9};
  state.blob.resize(40, std::byte{3});
  state.items = {{1, "one"}, {2, ""}, {3, "three"}};
  state.since_version_2 = 2;
  return state;
}

std::vector<std::byte> write(const State& state, uint32_t version) {
  ArchiveWriter writer;
  archive_state(writer, state, version);
  return writer.finish();
}

Status read(const std::vector<std::byte>& bytes, State& state, uint32_t version_max = 2) {
  auto reader = ArchiveReader::open(bytes);
  if (!reader.ok()) return std::move(reader.status());
  archive_state(reader.value(), state, version_max);
  return reader.value().finish();
}

std::string refusal(const std::vector<std::byte>& bytes, uint32_t version_max = 2) {
  State state;
  const Status status = read(bytes, state, version_max);
  REQUIRE_FALSE(status.ok());
  CHECK(status.failure().code == ErrorCode::State);
  return status.failure().detail;
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// As somebody would who wants a damaged archive to be believed.
void seal(std::vector<std::byte>& bytes) {
  const uint64_t length = bytes.size() - 24;
  memcpy(bytes.data() + 12, &length, 8);
  const uint32_t crc = crc32c(std::span(bytes).first(bytes.size() - 4));
  memcpy(bytes.data() + bytes.size() - 4, &crc, 4);
}

TEST_CASE("CRC-32C has the values of RFC 3720") {
  std::vector<std::byte> bytes(32);
  CHECK(crc32c(bytes) == 0x8a9136aa);
  std::fill(bytes.begin(), bytes.end(), std::byte{0xff});
  CHECK(crc32c(bytes) == 0x62a8ab43);
  for (uint8_t i = 0; i < 32; i++) bytes[i] = std::byte{i};
  CHECK(crc32c(bytes) == 0x46dd794e);
  const char digits[] = "123456789";
  const auto text = std::as_bytes(std::span(digits)).first(9);
  CHECK(crc32c(text) == 0xe3069283);
  CHECK(crc32c(text.subspan(3), crc32c(text.first(3))) == 0xe3069283);
  CHECK(crc32c({}) == 0);
}

TEST_CASE("what was written is read, little endian") {
  const State state = sample();
  const auto bytes = write(state, 2);
  CHECK(memcmp(bytes.data(), "peernvm\n", 8) == 0);
  constexpr size_t kSectionAt = 20;
  CHECK(memcmp(bytes.data() + kSectionAt, "TEST", 4) == 0);
  CHECK(memcmp(bytes.data() + kSectionAt + 16, "\xa1\xb1\xb2\xc1\xc2\xc3\xc4\xd1", 8) == 0);
  State back;
  CHECK(read(bytes, back).ok());
  CHECK(back == state);
}

TEST_CASE("an older version is read, a newer one is refused") {
  State back;
  CHECK(read(write(sample(), 1), back).ok());
  CHECK(back.d == sample().d);
  CHECK(back.since_version_2 == 77);  // as it was before
  const std::string newer = refusal(write(sample(), 2), 1);
  CHECK(contains(newer, "section TEST has version 2, from a newer version of peernvm"));
  auto bytes = write(sample(), 2);
  bytes[8] = std::byte{9};
  CHECK(contains(refusal(bytes), "format 9, from a newer version"));
  bytes = write(sample(), 0);
  CHECK(contains(refusal(bytes), "section TEST has no version"));
}

TEST_CASE("an archive cut short or changed in any bit is refused") {
  const auto whole = write(sample(), 2);
  for (size_t length = 0; length < whole.size(); length++) {
    refusal({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length)});
  }
  auto longer = whole;
  longer.push_back(std::byte{0});
  CHECK(contains(refusal(longer), "torn"));
  for (size_t bit = 0; bit < whole.size() * 8; bit++) {
    auto changed = whole;
    changed[bit / 8] ^= std::byte{static_cast<uint8_t>(1 << bit % 8)};
    refusal(changed);
  }
  CHECK(contains(refusal({whole.begin(), whole.end() - 1}), "it is torn"));
  CHECK(contains(refusal({}), "something else"));
  CHECK(contains(refusal(std::vector<std::byte>(100)), "something else"));
}

TEST_CASE("values that make no sense are refused, though the checksum is right") {
  auto bytes = write(sample(), 2);
  constexpr size_t kFlagAt = 20 + 16 + 15;
  bytes[kFlagAt] = std::byte{2};
  seal(bytes);
  CHECK(contains(refusal(bytes), "a flag is 2"));

  bytes = write(sample(), 2);
  constexpr size_t kBlobAt = kFlagAt + 1 + 5;
  memset(bytes.data() + kBlobAt, 0xff, 8);
  seal(bytes);
  CHECK(contains(refusal(bytes), "ends before it is complete"));

  bytes = write(sample(), 2);
  constexpr size_t kListAt = kBlobAt + 8 + 40;
  memset(bytes.data() + kListAt + 16, 0xff, 4);
  seal(bytes);
  CHECK(contains(refusal(bytes), "a list of 4294967295 is longer"));

  bytes = write(sample(), 2);
  memcpy(bytes.data() + kListAt, "L\nST", 4);
  seal(bytes);
  CHECK(contains(refusal(bytes), "section L.ST stands where LIST belongs"));

  bytes = write(sample(), 2);
  constexpr size_t kLengthAt = 20 + 8;
  const auto length = static_cast<uint8_t>(bytes[kLengthAt]);
  bytes[kLengthAt] = std::byte(length - 1);  // the section ends within its last value
  seal(bytes);
  CHECK(contains(refusal(bytes), "ends before it is complete"));

  bytes = write(sample(), 2);
  bytes.insert(bytes.end() - 4, std::byte{1});
  seal(bytes);
  CHECK(contains(refusal(bytes), "1 bytes follow"));
  bytes[kLengthAt] = std::byte(length + 1);
  seal(bytes);
  CHECK(contains(refusal(bytes), "section TEST has 1 bytes too many"));
}

TEST_CASE("after a failure everything is zero and empty, and the first failure stays") {
  const auto bytes = write(sample(), 2);
  auto opened = ArchiveReader::open(bytes);
  REQUIRE(opened.ok());
  ArchiveReader& reader = opened.value();
  reader.fail("the first");
  reader.fail("the second");
  State state = sample();
  bool entered = false;
  reader.section(kTag, 2, [&](uint32_t) { entered = true; });
  reader.u32(state.c);
  reader.boolean(state.flag);
  reader.bytes(state.fixed);
  reader.blob(state.blob);
  reader.list(state.items, [&](Item&) { entered = true; });
  CHECK_FALSE(entered);
  CHECK(state.c == 0);
  CHECK_FALSE(state.flag);
  CHECK(state.fixed == std::array<std::byte, 5>{});
  CHECK(state.blob.empty());
  CHECK(state.items.empty());
  CHECK(reader.finish().failure().detail == "the first");
}

TEST_CASE("hostile archives with a right checksum are read within bounds") {
  uint64_t state = 1;
  const auto below = [&](uint64_t limit) {
    state = state * 6364136223846793005 + 1442695040888963407;
    return (state >> 33) % limit;
  };
  const auto whole = write(sample(), 2);
  unsigned accepted = 0;
  for (int round = 0; round < 20'000; round++) {
    auto bytes = whole;
    for (uint64_t change = 1 + below(4); change > 0; change--) {
      constexpr uint8_t kValues[] = {0, 1, 2, 0x7f, 0x80, 0xff};
      bytes[20 + below(bytes.size() - 24)] = std::byte{kValues[below(sizeof(kValues))]};
    }
    if (below(4) == 0) {
      const auto at = bytes.begin() + 20 + static_cast<ptrdiff_t>(below(bytes.size() - 24));
      bytes.erase(at, bytes.end() - 4);
    }
    seal(bytes);
    State back;
    accepted += read(bytes, back).ok();
    REQUIRE(back.blob.capacity() <= bytes.size());
    REQUIRE(back.items.size() <= bytes.size());
  }
  CHECK(accepted > 0);
  CHECK(accepted < 20'000);
}

}  // namespace
}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
#include "emulator/archive.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace nvm::emulator {
namespace {

constexpr uint32_t kFormatVersion = 1;
constexpr char kMagic[8] = {'p', 'e', 'e', 'r', 'n', 'v', 'm', '\n'};
constexpr size_t kVersionAt = sizeof(kMagic);
constexpr size_t kLengthAt = kVersionAt + 4;
constexpr size_t kBodyAt = kLengthAt + 8;
constexpr size_t kChecksumBytes = 4;

// Eight bytes a round ("slicing"): table k advances a byte by k more.
using CrcTables = std::array<std::array<uint32_t, 256>, 8>;

constexpr CrcTables make_crc_tables() {
  constexpr uint32_t kPolynomial = 0x82f63b78;  // Castagnoli, reflected
  CrcTables tables{};
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; bit++) value = value >> 1 ^ (value & 1 ? kPolynomial : 0);
    tables[0][i] = value;
  }
  for (size_t k = 1; k < tables.size(); k++) {
    for (size_t i = 0; i < 256; i++) {
      const uint32_t before = tables[k - 1][i];
      tables[k][i] = before >> 8 ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr CrcTables kCrc = make_crc_tables();

uint64_t load(std::span<const std::byte> bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); i++) value |= static_cast<uint64_t>(bytes[i]) << 8 * i;
  return value;
}

void store(std::byte* to, uint64_t value, size_t byte_length) {
  for (size_t i = 0; i < byte_length; i++) to[i] = static_cast<std::byte>(value >> 8 * i);
}

// A tag comes from outside: what is no letter or digit is shown as a point.
std::string tag_text(uint32_t tag) {
  std::string text;
  for (int i = 0; i < 4; i++) {
    const char c = static_cast<char>(tag >> 8 * i);
    text += c > ' ' && c < 0x7f ? c : '.';
  }
  return text;
}

}  // namespace

uint32_t crc32c(std::span<const std::byte> bytes, uint32_t previous) {
  uint32_t crc = ~previous;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    const uint64_t word = load(bytes.first(8)) ^ crc;
    crc = 0;
    for (int i = 0; i < 8; i++) crc ^= kCrc[7 - i][word >> 8 * i & 0xff];
  }
  for (const std::byte byte : bytes) crc = crc >> 8 ^ kCrc[0][(crc ^ uint32_t(byte)) & 0xff];
  return ~crc;
}

ArchiveWriter::ArchiveWriter() : out_(kBodyAt) {
  memcpy(out_.data(), kMagic, sizeof(kMagic));
  store(out_.data() + kVersionAt, kFormatVersion, 4);
}

void ArchiveWriter::put(uint64_t value, size_t byte_length) {
  out_.resize(out_.size() + byte_length);
  store(out_.data() + out_.size() - byte_length, value, byte_length);
}

void ArchiveWriter::blob(std::span<const std::byte> value) {
  u64(value.size());
  bytes(value);
}

size_t ArchiveWriter::begin_section(uint32_t tag, uint32_t version) {
  u32(tag);
  u32(version);
  u64(0);
  return out_.size() - 8;
}

void ArchiveWriter::end_section(size_t length_at) {
  store(out_.data() + length_at, out_.size() - length_at - 8, 8);
}

std::vector<std::byte> ArchiveWriter::finish() {
  store(out_.data() + kLengthAt, out_.size() - kBodyAt, 8);
  u32(crc32c(out_));
  return std::move(out_);
}

Result<ArchiveReader> ArchiveReader::open(std::span<const std::byte> archive) {
  const auto refused = [](std::string detail) {
    return Status(ErrorCode::State, std::move(detail));
  };
  if (archive.size() < sizeof(kMagic) || memcmp(archive.data(), kMagic, sizeof(kMagic)) != 0) {
    return refused("it does not begin as what peernvm saves; it is something else");
  }
  if (archive.size() < kBodyAt + kChecksumBytes) {
    return refused("it ends within its header; it is torn");
  }
  // Before the rest, which a later version may lay out in another way.
  const uint64_t version = load(archive.subspan(kVersionAt, 4));
  if (version > kFormatVersion) {
    return refused("it has format " + std::to_string(version) +
                   ", from a newer version of peernvm; this one reads format " +
                   std::to_string(kFormatVersion));
  }
  const uint64_t body_length = archive.size() - kBodyAt - kChecksumBytes;
  const uint64_t length = load(archive.subspan(kLengthAt, 8));
  if (length != body_length) {
    return refused("it should hold " + std::to_string(length) + " bytes and holds " +
                   std::to_string(body_length) + "; it is torn");
  }
  const auto checked = archive.first(archive.size() - kChecksumBytes);
  if (load(archive.last(kChecksumBytes)) != crc32c(checked) || version == 0) {
    return refused("its checksum is wrong; it is torn or damaged");
  }
  return ArchiveReader(checked.subspan(kBodyAt));
}

void ArchiveReader::fail(std::string detail) {
  if (!ok()) return;
  failure_ = std::move(detail);
  at_ = end_;
}

std::span<const std::byte> ArchiveReader::take_bytes(uint64_t byte_length) {
#if !NVM_CANARY_ARCHIVE_LENGTH_TRUSTED
  if (byte_length > left()) {
    fail("something ends before it is complete");
    return {};
  }
#endif
  at_ += byte_length;
  return in_.subspan(at_ - byte_length, byte_length);
}

uint64_t ArchiveReader::take(size_t byte_length) {
  return load(take_bytes(byte_length));
}

uint32_t ArchiveReader::take_count() {
  const auto count = static_cast<uint32_t>(take(4));
  if (count <= left()) return count;
  fail("a list of " + std::to_string(count) + " is longer than what is left");
  return 0;
}

void ArchiveReader::boolean(bool& value) {
  const uint64_t byte = take(1);
  if (byte > 1) fail("a flag is " + std::to_string(byte));
  value = byte == 1;
}

void ArchiveReader::bytes(std::span<std::byte> value) {
  const auto taken = take_bytes(value.size());
  if (!ok()) return std::fill(value.begin(), value.end(), std::byte{0});
  std::copy(taken.begin(), taken.end(), value.begin());
}

void ArchiveReader::blob(std::vector<std::byte>& value) {
  const auto taken = take_bytes(take(8));
  value.assign(taken.begin(), taken.end());
}

void ArchiveReader::string(std::string& value) {
  const auto taken = take_bytes(take(8));
  value.assign(reinterpret_cast<const char*>(taken.data()), taken.size());
}

ArchiveReader::Outer ArchiveReader::enter(uint32_t tag, uint32_t version_max) {
  const auto found = static_cast<uint32_t>(take(4));
  const auto version = static_cast<uint32_t>(take(4));
  const uint64_t length = take(8);
  if (!ok()) return {end_, 0};
  if (found != tag) {
    fail("section " + tag_text(found) + " stands where " + tag_text(tag) + " belongs");
  } else if (version > version_max) {
    fail("section " + tag_text(tag) + " has version " + std::to_string(version) +
         ", from a newer version of peernvm; this one reads up to " + std::to_string(version_max));
  } else if (version == 0 || length > left()) {
    fail("section " + tag_text(tag) + " has no version, or is longer than what is left");
  }
  const Outer outer = {end_, version};
  if (ok()) end_ = at_ + length;
  return outer;
}

void ArchiveReader::leave(const Outer& outer, uint32_t tag) {
  if (left() > 0) {
    fail("section " + tag_text(tag) + " has " + std::to_string(left()) + " bytes too many");
  }
  end_ = outer.end;
  if (!ok()) at_ = end_;
}

Status ArchiveReader::finish() const {
  if (!ok()) return Status(ErrorCode::State, failure_);
  if (left() > 0) {
    return Status(ErrorCode::State,
                  std::to_string(left()) + " bytes follow after what this version reads");
  }
  return {};
}

}  // namespace nvm::emulator

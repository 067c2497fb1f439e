// SPDX-License-Identifier: MIT
#include "emulator/nvm/protection.h"

#include <array>
#include <bit>
#include <cstring>

namespace nvm::emulator {
namespace {

constexpr size_t kSlices = 16;
using Table = std::array<std::array<uint16_t, 256>, kSlices>;

// kTable[n][b]: what byte b adds to the remainder when n bytes follow it.
constexpr Table make_table() {
  constexpr uint16_t kPolynomial = 0x8bb7;
  Table table{};
  for (unsigned byte = 0; byte < 256; byte++) {
    auto crc = static_cast<uint16_t>(byte << 8);
    for (int bit = 0; bit < 8; bit++) {
      crc = static_cast<uint16_t>((crc & 0x8000) != 0 ? crc << 1 ^ kPolynomial : crc << 1);
    }
    table[0][byte] = crc;
  }
  for (size_t slice = 1; slice < kSlices; slice++) {
    for (unsigned byte = 0; byte < 256; byte++) {
      const uint16_t before = table[slice - 1][byte];
      table[slice][byte] = static_cast<uint16_t>(before << 8 ^ table[0][before >> 8]);
    }
  }
  return table;
}

constexpr Table kTable = make_table();

template <class T>
T big_endian(T value) {
  static_assert(std::endian::native == std::endian::little);
  return sizeof(T) == 2 ? static_cast<T>(__builtin_bswap16(static_cast<uint16_t>(value)))
                        : static_cast<T>(__builtin_bswap32(value));
}

uint16_t check_block(const Protection& wanted, uint64_t index, std::span<const std::byte> data,
                     const spec::ProtectionInformation& found) {
  constexpr uint16_t kEscape = 0xffff;  // nothing is known of this block
  const uint16_t application_tag = big_endian(found.application_tag);
  if (application_tag == kEscape) return spec::status::success;
  if (spec::prinfo::prchk_guard.get(wanted.prinfo) != 0 &&
      big_endian(found.guard) != crc16_t10dif(data)) {
    return spec::status::guard_check_error;
  }
  if (spec::prinfo::prchk_app.get(wanted.prinfo) != 0 &&
      ((application_tag ^ wanted.application_tag) & wanted.application_tag_mask) != 0) {
    return spec::status::application_tag_check_error;
  }
  if (spec::prinfo::prchk_ref.get(wanted.prinfo) != 0 &&
      big_endian(found.reference_tag) != static_cast<uint32_t>(wanted.reference_tag + index)) {
    return spec::status::reference_tag_check_error;
  }
  return spec::status::success;
}

}  // namespace

uint16_t crc16_t10dif(std::span<const std::byte> bytes, uint16_t crc) {
  const auto* at = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t left = bytes.size();
  for (; left >= kSlices; left -= kSlices, at += kSlices) {
    uint16_t next = static_cast<uint16_t>(kTable[kSlices - 1][at[0] ^ crc >> 8] ^
                                          kTable[kSlices - 2][at[1] ^ (crc & 0xff)]);
    for (size_t i = 2; i < kSlices; i++) next ^= kTable[kSlices - 1 - i][at[i]];
    crc = next;
  }
  for (; left > 0; left--, at++) {
    crc = static_cast<uint16_t>(crc << 8 ^ kTable[0][crc >> 8 ^ *at]);
  }
  return crc;
}

uint16_t judge_protection(const NamespaceFormat& format, const Protection& wanted, uint64_t lba) {
  if (format.protection_type == 0) return spec::status::success;
  if (spec::prinfo::prchk_ref.get(wanted.prinfo) != 0 &&
      wanted.reference_tag != static_cast<uint32_t>(lba)) {
    return spec::status::invalid_protection_information | spec::status::dnr;
  }
  return spec::status::success;
}

uint16_t check_protection(const NamespaceFormat& format, const Protection& wanted, uint64_t index,
                          std::span<const std::byte> data, std::span<const std::byte> metadata) {
  if (format.protection_type == 0 || !wanted.checks()) return spec::status::success;
  const size_t block_byte_length = format.data_byte_length();
  spec::ProtectionInformation found;
  for (size_t block = 0; block < metadata.size() / sizeof(found); block++) {
    memcpy(&found, metadata.data() + block * sizeof(found), sizeof(found));
    const uint16_t status = check_block(
        wanted, index + block, data.subspan(block * block_byte_length, block_byte_length), found);
    if (status != spec::status::success) return status | spec::status::dnr;
  }
  return spec::status::success;
}

void make_protection(const NamespaceFormat& format, const Protection& wanted, uint64_t index,
                     std::span<const std::byte> data, std::span<std::byte> metadata) {
  const size_t block_byte_length = format.data_byte_length();
  spec::ProtectionInformation made;
  for (size_t block = 0; block < metadata.size() / sizeof(made); block++) {
    made.guard =
        big_endian(crc16_t10dif(data.subspan(block * block_byte_length, block_byte_length)));
    made.application_tag = big_endian(wanted.application_tag);
    made.reference_tag = big_endian(static_cast<uint32_t>(wanted.reference_tag + index + block));
    memcpy(metadata.data() + block * sizeof(made), &made, sizeof(made));
  }
}

}  // namespace nvm::emulator

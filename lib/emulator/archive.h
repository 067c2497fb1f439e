// SPDX-License-Identifier: MIT
// How the emulator's state becomes bytes and bytes become state again. Writer and reader have the
// same verbs, so that one function template can describe both directions:
//
//   template <class Archive>
//   void archive_queue(Archive& archive, auto& queue) {
//     archive.section(archive_tag("QUEU"), 1, [&](uint32_t) {
//       archive.u16(queue.id);
//       archive.u32(queue.head);
//     });
//   }
//
// Layout, little endian: magic, format version, length of the body, body, CRC-32C of all before.
// Values have no names or types; sections have a tag, a version and a length, and hold values and
// sections. A version grows when what is in a section changes: its reader is told the version that
// was written and may read all older ones; a newer one is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/status.h"

namespace nvm::emulator {

// The CRC of `bytes` after data whose CRC is `previous`.
uint32_t crc32c(std::span<const std::byte> bytes, uint32_t previous = 0);

constexpr uint32_t archive_tag(const char (&name)[5]) {
  uint32_t tag = 0;
  for (int i = 0; i < 4; i++) tag |= uint32_t{static_cast<uint8_t>(name[i])} << 8 * i;
  return tag;
}

class ArchiveWriter {
 public:
  ArchiveWriter();

  void u8(uint8_t value) { put(value, 1); }
  void u16(uint16_t value) { put(value, 2); }
  void u32(uint32_t value) { put(value, 4); }
  void u64(uint64_t value) { put(value, 8); }
  void boolean(bool value) { put(value ? 1 : 0, 1); }
  // A fixed number of bytes, known to both sides.
  void bytes(std::span<const std::byte> value) {
    out_.insert(out_.end(), value.begin(), value.end());
  }
  // With their length before them.
  void blob(std::span<const std::byte> value);
  void string(std::string_view value) { blob(std::as_bytes(std::span(value))); }

  // `each(item)` writes one, and at least one byte.
  template <class Item, class Each>
  void list(const std::vector<Item>& items, Each each) {
    u32(static_cast<uint32_t>(items.size()));
    for (const Item& item : items) each(item);
  }

  template <class Body>
  void section(uint32_t tag, uint32_t version, Body body) {
    const size_t length_at = begin_section(tag, version);
    body(version);
    end_section(length_at);
  }

  // The archive; the writer is empty afterwards and not to be used again.
  std::vector<std::byte> finish();

 private:
  void put(uint64_t value, size_t byte_length);
  size_t begin_section(uint32_t tag, uint32_t version);
  void end_section(size_t length_at);

  std::vector<std::byte> out_;
};

// Reads what may be damaged or made to harm. It never reads beyond its section, and never allocates
// more than is there to fill it. The first failure stays: every value read after it is 0, false or
// empty, so that loading code reads on and asks finish() once.
class ArchiveReader {
 public:
  // ERR_STATE unless `archive` is whole; the bytes must stay where they are.
  static Result<ArchiveReader> open(std::span<const std::byte> archive);

  void u8(uint8_t& value) { value = static_cast<uint8_t>(take(1)); }
  void u16(uint16_t& value) { value = static_cast<uint16_t>(take(2)); }
  void u32(uint32_t& value) { value = static_cast<uint32_t>(take(4)); }
  void u64(uint64_t& value) { value = take(8); }
  void boolean(bool& value);
  void bytes(std::span<std::byte> value);
  void blob(std::vector<std::byte>& value);
  void string(std::string& value);

  template <class Item, class Each>
  void list(std::vector<Item>& items, Each each) {
    items.clear();
    // Each takes at least a byte, so what is left bounds the list.
    for (uint32_t left = take_count(); left > 0 && ok(); left--) each(items.emplace_back());
    if (!ok()) items.clear();
  }

  // `body(version)` reads what version `version` of this section holds, all of it. Not called when
  // the next section is another one or newer than `version_max`.
  template <class Body>
  void section(uint32_t tag, uint32_t version_max, Body body) {
    const Outer outer = enter(tag, version_max);
    if (!ok()) return;
    body(outer.version);
    leave(outer, tag);
  }

  bool ok() const { return failure_.empty(); }
  // For a value that its reader cannot accept; `detail`, not empty, says which and why.
  void fail(std::string detail);
  // ERR_STATE with the first failure, or because something is left that nobody read.
  Status finish() const;

 private:
  struct Outer {
    size_t end;
    uint32_t version;
  };

  explicit ArchiveReader(std::span<const std::byte> body) : in_(body), end_(body.size()) {}
  size_t left() const { return end_ - at_; }
  // The next `byte_length` bytes; empty, with a failure, when fewer are left.
  std::span<const std::byte> take_bytes(uint64_t byte_length);
  uint64_t take(size_t byte_length);
  uint32_t take_count();
  Outer enter(uint32_t tag, uint32_t version_max);
  void leave(const Outer& outer, uint32_t tag);

  std::span<const std::byte> in_;
  size_t at_ = 0;
  size_t end_;  // of the section that is being read
  std::string failure_;
};

}  // namespace nvm::emulator

// SPDX-License-Identifier: MIT
// PRPs against a reader written here from the specification's text, for every shape of transfer.
#include "memory/prp.h"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <vector>

using namespace nvm;

namespace {

struct Piece {
  uint64_t address;
  uint64_t byte_length;
  bool operator==(const Piece&) const = default;
};

// What a controller sees: memory of PRP lists by address.
using ListMemory = std::map<uint64_t, uint64_t>;

// The pieces of a transfer as a controller finds them. PRP1 may begin inside a page; PRP2 is the
// second page of a transfer that ends there, else a list; a list page that is full while more than
// one page remains ends in the address of the next.
std::vector<Piece> read_prps(const DataPointer& pointer, uint64_t byte_length, uint64_t page_size,
                             const ListMemory& memory) {
  std::vector<Piece> pieces;
  uint64_t left = byte_length;
  const auto take = [&](uint64_t address) {
    const uint64_t piece = std::min(left, page_size - address % page_size);
    pieces.push_back({address, piece});
    left -= piece;
  };
  take(pointer.prp1);
  if (left == 0) {
    CHECK(pointer.prp2 == 0);
    return pieces;
  }
  if (left <= page_size) {
    CHECK(pointer.prp2 % page_size == 0);
    take(pointer.prp2);
    return pieces;
  }
  uint64_t entry_address = pointer.prp2;
  while (left > 0) {
    REQUIRE(memory.contains(entry_address));
    const uint64_t entry = memory.at(entry_address);
    const bool last_of_list_page = entry_address % page_size == page_size - 8;
    if (last_of_list_page && left > page_size) {
      CHECK(entry % 8 == 0);
      entry_address = entry;
      continue;
    }
    CHECK(entry % page_size == 0);
    take(entry);
    entry_address += 8;
  }
  return pieces;
}

struct Shape {
  uint64_t page_size;
  size_t page_count;
  uint64_t offset;      // in the first page
  uint64_t last_bytes;  // used of the last page
  uint64_t list_address;
};

void check_shape(const Shape& shape, std::mt19937_64& random) {
  CAPTURE(shape.page_size);
  CAPTURE(shape.page_count);
  CAPTURE(shape.offset);
  CAPTURE(shape.list_address);
  std::vector<uint64_t> pages(shape.page_count);
  for (uint64_t& page : pages) page = (1 + random() % (1u << 20)) * shape.page_size;
  // Room for the chain pointers too; what is not written stays recognisable.
  std::vector<uint64_t> list(shape.page_count + shape.page_count * 8 / shape.page_size + 2,
                             0xdeadbeefdeadbeef);
  const DataPointer pointer =
      build_prps(pages, shape.offset, shape.page_size, list, shape.list_address);

  std::vector<Piece> expected;
  uint64_t byte_length = 0;
  for (size_t i = 0; i < pages.size(); i++) {
    const uint64_t from = i == 0 ? shape.offset : 0;
    const uint64_t to = i + 1 == pages.size() ? shape.last_bytes : shape.page_size;
    expected.push_back({pages[i] + from, to - from});
    byte_length += to - from;
  }
  ListMemory memory;
  for (size_t i = 0; i < list.size(); i++) memory[shape.list_address + i * 8] = list[i];
  CHECK(read_prps(pointer, byte_length, shape.page_size, memory) == expected);
}

}  // namespace

TEST_CASE("every page count around a chained list's corners reads back") {
  std::mt19937_64 random(1);
  for (uint64_t page_size : {4096u, 8192u}) {
    const size_t entries = page_size / 8;
    std::vector<size_t> counts{1, 2, 3, 4, 33};
    for (size_t corner : {entries, 2 * entries, 3 * entries}) {
      for (size_t around = corner - 3; around <= corner + 3; around++) counts.push_back(around);
    }
    for (size_t page_count : counts) {
      check_shape({page_size, page_count, 0, page_size, 0x7000'0000}, random);
      check_shape({page_size, page_count, page_size - 4, page_size, 0x7000'0000}, random);
    }
  }
}

TEST_CASE("random shapes read back, also with a list that begins inside a page") {
  std::mt19937_64 random(2);
  for (int round = 0; round < 300; round++) {
    Shape shape;
    shape.page_size = 4096;
    shape.page_count = 1 + random() % 1600;
    shape.offset = random() % 1024 * 4;
    shape.last_bytes = shape.page_count == 1 ? shape.page_size : 4 + random() % 1024 * 4;
    shape.list_address = 0x9000'0000 + random() % 512 * 8;
    check_shape(shape, random);
  }
}

TEST_CASE("one page needs no second pointer, two pages no list") {
  const std::vector<uint64_t> pages{0x10000, 0x50000};
  const DataPointer one = build_prps({pages.data(), 1}, 512, 4096, {}, 0);
  CHECK(one.prp1 == 0x10200);
  CHECK(one.prp2 == 0);
  const DataPointer two = build_prps(pages, 512, 4096, {}, 0);
  CHECK(two.prp1 == 0x10200);
  CHECK(two.prp2 == 0x50000);
}

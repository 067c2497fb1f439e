// SPDX-License-Identifier: MIT
#include "emulator/sgl_walker.h"

#include <algorithm>
#include <span>

namespace nvm::emulator {
namespace {

constexpr uint64_t kDescriptorBytes = sizeof(spec::SglDescriptor);

constexpr uint16_t refused(uint16_t status) {
  return status | spec::status::dnr;
}

uint8_t type_of(const spec::SglDescriptor& descriptor) {
  return spec::sgl_identifier::type.get(descriptor.identifier);
}

bool leads_on(const spec::SglDescriptor& descriptor) {
  const uint8_t type = type_of(descriptor);
  return type == spec::sgl_descriptor_type::segment ||
         type == spec::sgl_descriptor_type::last_segment;
}

bool known(const spec::SglDescriptor& descriptor) {
  return type_of(descriptor) <= spec::sgl_descriptor_type::last_segment &&
         spec::sgl_identifier::subtype.get(descriptor.identifier) ==
             spec::sgl_descriptor_subtype::address;
}

class Walk {
 public:
  Walk(const Domain& domain, uint64_t byte_length, Direction direction, Transfer& transfer,
       HostLists* lists)
      : domain_(domain),
        direction_(direction),
        transfer_(transfer),
        lists_(lists),
        left_(byte_length) {}

  // Goes through the segments that `next` leads to; `next` is the first one's descriptor.
  uint16_t follow(spec::SglDescriptor next) {
    for (;;) {
      const bool last = type_of(next) == spec::sgl_descriptor_type::last_segment;
      if (next.length == 0 || next.length % kDescriptorBytes != 0 ||
          next.address % sizeof(uint64_t) != 0) {
        return refused(spec::status::invalid_sgl_segment_descriptor);
      }
      bool more = false;
      const uint16_t status = segment(next, last, more);
      if (status != spec::status::success || !more) return status;
    }
  }

  // A data block or a bit bucket.
  uint16_t take(const spec::SglDescriptor& descriptor) {
    const uint64_t byte_length = std::min<uint64_t>(descriptor.length, left_);
    if (type_of(descriptor) == spec::sgl_descriptor_type::data_block) {
      left_ -= byte_length;
      return append_range(domain_, descriptor.address, byte_length, direction_, transfer_);
    }
    // What the host has no use for; data from the host does not come out of one.
    if (direction_ == Direction::ToHost && byte_length > 0) {
      left_ -= byte_length;
      transfer_.append({.byte_length = byte_length});
    }
    return spec::status::success;
  }

  bool complete() const { return left_ == 0; }

 private:
  // Reads one segment, in pieces. `more`: `next` is now the descriptor of another one.
  uint16_t segment(spec::SglDescriptor& next, bool last, bool& more) {
    constexpr uint64_t kPiece = 64;
    spec::SglDescriptor piece[kPiece];
    uint64_t address = next.address;
    uint64_t count = next.length / kDescriptorBytes;
    while (count > 0) {
      const uint64_t take_now = std::min(count, kPiece);
      seen_ += take_now;
      if (seen_ > kSglDescriptorsMax) {
        return refused(spec::status::invalid_number_of_sgl_descriptors);
      }
      const uint16_t read = read_list(domain_, address, piece, take_now * kDescriptorBytes, lists_);
      if (read != spec::status::success) return read;
      address += take_now * kDescriptorBytes;
      count -= take_now;
      for (uint64_t i = 0; i < take_now; i++) {
        if (!known(piece[i])) return refused(spec::status::sgl_descriptor_type_invalid);
        if (leads_on(piece[i])) {
          if (last) return refused(spec::status::invalid_sgl_segment_descriptor);
          if (count != 0 || i + 1 != take_now) {
            return refused(spec::status::invalid_number_of_sgl_descriptors);
          }
          next = piece[i];
          more = true;
          return spec::status::success;
        }
        const uint16_t status = take(piece[i]);
        if (status != spec::status::success) return status;
      }
    }
    return spec::status::success;
  }

  const Domain& domain_;
  const Direction direction_;
  Transfer& transfer_;
  HostLists* const lists_;
  uint64_t left_;
  uint64_t seen_ = 0;
};

}  // namespace

uint16_t walk_sgl(const Domain& domain, const spec::SglDescriptor& descriptor, uint64_t byte_length,
                  Direction direction, uint16_t too_short, Transfer& transfer, HostLists* lists) {
  transfer.clear();
  if (!known(descriptor)) return refused(spec::status::sgl_descriptor_type_invalid);
  Walk walk(domain, byte_length, direction, transfer, lists);
  const uint16_t status = leads_on(descriptor) ? walk.follow(descriptor) : walk.take(descriptor);
  if (status != spec::status::success) return status;
  return walk.complete() ? spec::status::success : refused(too_short);
}

uint16_t walk_sgl_at(const Domain& domain, uint64_t address, uint64_t byte_length,
                     Direction direction, uint16_t too_short, Transfer& transfer,
                     HostLists* lists) {
  spec::SglDescriptor descriptor;
  if (address % sizeof(uint64_t) != 0) {
    return refused(spec::status::invalid_sgl_segment_descriptor);
  }
  const uint16_t read = read_list(domain, address, &descriptor, sizeof(descriptor), lists);
  if (read != spec::status::success) return read;
  return walk_sgl(domain, descriptor, byte_length, direction, too_short, transfer, lists);
}

}  // namespace nvm::emulator

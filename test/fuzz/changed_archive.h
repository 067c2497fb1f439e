// SPDX-License-Identifier: MIT
// Archives that somebody has changed, with the right checksum.
#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "emulator/archive.h"
#include "input.h"

namespace nvm::fuzz {

using Bytes = std::vector<std::byte>;

constexpr size_t kEnvelopeBytes = 20;  // magic, version and length
constexpr size_t kChecksumBytes = 4;

inline Bytes in_envelope(std::span<const std::byte> body) {
  emulator::ArchiveWriter writer;
  writer.bytes(body);
  return writer.finish();
}

// Overwrites values of some width; now and then takes bytes away or repeats some.
inline Bytes change(Input& input, const Bytes& archive) {
  constexpr uint64_t kValues[] = {0, 1, 0x7f, 0xff, 0xffff, 0xffffffff, UINT64_MAX, 1ull << 63, 64};
  Bytes body(archive.begin() + kEnvelopeBytes, archive.end() - kChecksumBytes);
  for (uint64_t changes = input.below(6); changes > 0 && !body.empty(); changes--) {
    const size_t at = input.u16() % body.size();
    const uint64_t how = input.below(10);
    const uint64_t value = how < 4 ? input.pick(kValues) : input.u64();
    const size_t width = std::min<size_t>(size_t{1} << how % 4, body.size() - at);
    const auto place = body.begin() + static_cast<ptrdiff_t>(at);
    if (how < 8) {
      memcpy(&*place, &value, width);
    } else if (how == 8) {
      body.erase(place, place + static_cast<ptrdiff_t>(width));
    } else {
      const Bytes repeated(place, place + static_cast<ptrdiff_t>(width));
      body.insert(place, repeated.begin(), repeated.end());
    }
  }
  return in_envelope(body);
}

}  // namespace nvm::fuzz

// SPDX-License-Identifier: MIT
#include "transport/client_addresses.h"

#include "platform/clock.h"

namespace nvm {

uint64_t first_client_address() {
  constexpr uint64_t kFirst = 1ull << 45;
  constexpr uint64_t kPlaceBytes = 2u << 20;
  constexpr uint64_t kPlaces = 15ull << 20;  // the rest is for what the last one needs
  static const uint64_t place = monotonic_clock().now_ns() * 0x9e3779b97f4a7c15 % kPlaces;
  return kFirst + place * kPlaceBytes;
}

}  // namespace nvm

// SPDX-License-Identifier: MIT
// What the machine itself can do, beside which the clients' figures are read.
#pragma once

#include <cstdint>

namespace nvm::peers {

// Nanoseconds of one round trip of a cache line between two CPUs, both spinning.
double measure_hand_off(uint64_t duration_ns);

// Nanoseconds to copy `byte_length` bytes from a random place in 1 GiB into one of
// `destination_count` buffers, in turn; the first page of the next source is prefetched. Into one
// buffer each copy waits for the one before, as a transfer at depth 1 does.
double measure_random_copy(uint32_t byte_length, uint32_t destination_count, uint64_t duration_ns);

}  // namespace nvm::peers

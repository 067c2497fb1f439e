// SPDX-License-Identifier: MIT
// Copying what is in no cache. The CPU's prefetcher stops where a page of 4 KiB ends, and a long
// copy waits there for memory each time.
#pragma once

#include <cstddef>

namespace nvm {

// As memcpy(), with the next page of the source on its way while one is copied. Of a source that is
// in a cache memcpy() is faster.
void cold_copy(void* destination, const void* source, size_t byte_length);

}  // namespace nvm

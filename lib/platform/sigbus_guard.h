// SPDX-License-Identifier: MIT
// Copying from and to memory that may vanish: a file truncated or full, a peer's mapping. The
// process-wide handler turns SIGBUS inside a guarded copy into a `false`; any other SIGBUS goes to
// the previous handler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace nvm {

// Copies `byte_length` bytes; false when a page on either side could not be reached (the
// destination may then be partly written).
[[nodiscard]] bool guarded_copy(void* destination, const void* source, size_t byte_length);
// Stores `word` with release order: who acquires it sees what was copied before.
[[nodiscard]] bool guarded_publish(uint32_t& destination, uint32_t word);

// For mapped pages that others use without a guard, such as JavaScript: while this lives, a page
// that cannot be reached is replaced by one of zeroes, where a store lands instead. A guarded copy
// replaces nothing: it fails.
class PageReplacement {
 public:
  // Null when too many ranges are watched already. The range is whole pages.
  static std::unique_ptr<PageReplacement> watch(void* bytes, size_t byte_length);
  ~PageReplacement();  // before the pages are unmapped
  PageReplacement(const PageReplacement&) = delete;
  PageReplacement& operator=(const PageReplacement&) = delete;

  // Whether a page was replaced: the rest of the range is worth nothing either.
  bool happened() const;

 private:
  explicit PageReplacement(size_t slot) : slot_(slot) {}
  const size_t slot_;
};

}  // namespace nvm

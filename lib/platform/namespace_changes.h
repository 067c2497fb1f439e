// SPDX-License-Identifier: MIT
// Counting changes of namespaces where other threads and processes, and TypeScript, see it before
// each of their commands.
#pragma once

#include <atomic>
#include <iterator>

#include "spec/control_block.h"

namespace nvm {

using spec::NamespaceChanges;
constexpr uint32_t kAllNamespaces = 0xffffffff;

// `namespace_id`: kAllNamespaces for any of them.
inline void count_namespace_change(NamespaceChanges& changes, uint32_t namespace_id) {
  const auto count = [](uint32_t& word) {
    std::atomic_ref<uint32_t>(word).fetch_add(1, std::memory_order_release);
  };
  if (namespace_id == kAllNamespaces) {
    for (uint32_t& word : changes.of_id) count(word);
  } else {
    count(changes.of_id[namespace_id % std::size(changes.of_id)]);
  }
  // Last: who sees it sees those of the namespaces.
  count(changes.any);
}

}  // namespace nvm

// SPDX-License-Identifier: MIT
#include "emulator/store.h"

#include <cstring>

#include "platform/sigbus_guard.h"

namespace nvm::emulator {
namespace {

Progress copy(void* to, const void* from, size_t byte_length, bool may_fault) {
  if (may_fault) return guarded_copy(to, from, byte_length) ? Progress::Done : Progress::Failed;
  memcpy(to, from, byte_length);
  return Progress::Done;
}

}  // namespace

Progress Store::begin_read(StoreOperation&, uint64_t offset, void* to, size_t byte_length) {
  return copy(to, bytes() + offset, byte_length, may_fault());
}

Progress Store::begin_write(StoreOperation&, uint64_t offset, const void* from,
                            size_t byte_length) {
  return copy(bytes() + offset, from, byte_length, may_fault());
}

}  // namespace nvm::emulator

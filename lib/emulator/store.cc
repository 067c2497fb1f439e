// SPDX-License-Identifier: MIT
#include "emulator/store.h"

#include <errno.h>

#include <cstring>

#include "platform/sigbus_guard.h"

namespace nvm::emulator {
namespace {

Progress copy(Operation& operation, void* to, const void* from, size_t byte_length,
              bool may_fault) {
  if (!may_fault) {
    memcpy(to, from, byte_length);
  } else if (!guarded_copy(to, from, byte_length)) {
    operation.os_error = EIO;
    return Progress::Failed;
  }
  return Progress::Done;
}

}  // namespace

Progress Store::begin_read(Operation& operation, uint64_t offset, void* to, size_t byte_length) {
  return copy(operation, to, bytes() + offset, byte_length, may_fault());
}

Progress Store::begin_write(Operation& operation, uint64_t offset, const void* from,
                            size_t byte_length) {
  return copy(operation, bytes() + offset, from, byte_length, may_fault());
}

}  // namespace nvm::emulator

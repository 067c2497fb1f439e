// SPDX-License-Identifier: MIT
// Flush: everything written before becomes durable (NVM command set 1.0, 3.2.2).
#include "emulator/nvm/commands.h"

namespace nvm::emulator::commands {

Task flush(Namespace& ns, Command&) {
#if NVM_CANARY_FLUSH_NO_OP
  co_return spec::status::success;
#endif
  StoreOperation operation;
  const Progress progress = co_await settled(operation, ns.store->begin_flush(operation));
  co_return progress == Progress::Done ? spec::status::success : spec::status::write_fault;
}

}  // namespace nvm::emulator::commands

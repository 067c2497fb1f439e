// SPDX-License-Identifier: MIT
// Flush: everything written before becomes durable (NVM command set 1.0, 3.2.3).
#include "emulator/nvm/commands.h"

namespace nvm::emulator::commands {

Task flush(Namespace& ns, Command&) {
#if NVM_CANARY_FLUSH_NO_OP
  co_return spec::status::success;
#endif
  Operation operation;
  const Progress flushed = co_await settled(operation, ns.store->begin_flush(operation));
  if (flushed == Progress::Failed) co_return spec::status::write_fault;
  if (ns.metadata_store == nullptr) co_return spec::status::success;
  const Progress begun = ns.metadata_store->begin_flush(operation);
  const Progress metadata_flushed = co_await settled(operation, begun);
  co_return metadata_flushed == Progress::Failed ? spec::status::write_fault
                                                 : spec::status::success;
}

Task flush_if_due(Namespace& ns, Command& command) {
  if (!ns.write_through && spec::write_cdw12::fua.get(command.sqe.cdw12) == 0) {
    co_return spec::status::success;
  }
  co_return co_await flush(ns, command);
}

}  // namespace nvm::emulator::commands

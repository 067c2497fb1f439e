// SPDX-License-Identifier: MIT
// Flush: everything written before becomes durable (NVM command set 1.0, 3.2.3), and with it which
// blocks are uncorrectable.
#include "emulator/admin/background.h"
#include "emulator/nvm/blocks.h"
#include "emulator/nvm/commands.h"
#include "emulator/subsystem.h"

namespace nvm::emulator::commands {

Task flush(Namespace& ns, Command&) {
#if NVM_CANARY_FLUSH_NO_OP
  co_return spec::status::success;
#endif
  const uint16_t status = co_await flush_blocks(ns);
  if (status != spec::status::success || ns.subsystem == nullptr ||
      !ns.subsystem->has_unsaved_changes()) {
    co_return status;
  }
  co_return co_await save_now(*ns.subsystem);
}

Task flush_if_due(Namespace& ns, Command& command) {
  if (!ns.write_through && spec::write_cdw12::fua.get(command.sqe.cdw12) == 0) {
    co_return spec::status::success;
  }
  co_return co_await flush(ns, command);
}

}  // namespace nvm::emulator::commands

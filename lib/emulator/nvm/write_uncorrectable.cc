// SPDX-License-Identifier: MIT
// Write Uncorrectable: the blocks cannot be read until they are written or deallocated (NVM command
// set 1.0, 3.2.7).
#include "emulator/nvm/commands.h"
#include "emulator/subsystem.h"

namespace nvm::emulator::commands {

Task write_uncorrectable(Namespace& ns, Command& command) {
  const BlockRange range = block_range(command.sqe);
  if (ns.subsystem != nullptr) ns.subsystem->save_soon();
  for (IntervalSet* marks : ns.unmarking) (void)marks->remove(range.lba, range.block_count);
  co_return ns.uncorrectable.add(range.lba, range.block_count) ? spec::status::success
                                                               : refuse(spec::status::write_fault);
}

}  // namespace nvm::emulator::commands

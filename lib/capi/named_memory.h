// SPDX-License-Identifier: MIT
// Memory of nvm_dma_create(), which commands name by address. Programs may let go of it before the
// controller does, after a timeout.
#pragma once

#include <memory>

#include "memory/dma_descriptor.h"
#include "spec/nvme.h"

namespace nvm::capi {

// Does not keep it alive.
void remember_memory(const std::shared_ptr<DmaDescriptor>& memory);

// Keeps what PRP1, PRP2 and a list at PRP2 name, whichever reference it was made with. Whether PRP2
// is a list depends on the command: of data that happens to look like one, it keeps more.
std::shared_ptr<const void> memory_named_by(const spec::SubmissionQueueEntry& command);

}  // namespace nvm::capi

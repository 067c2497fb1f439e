// SPDX-License-Identifier: MIT
// A buffer made addressable for one controller: its memory, and the runs of I/O addresses under
// which the device reaches it. Unmapped when the last reference goes; whoever gives an address to
// the device holds a reference until the device has let go.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "memory/buffer.h"
#include "platform/process_mark.h"
#include "transport/transport.h"

namespace nvm {

class DmaDescriptor {
 public:
  // Maps `buffer` through `transport`. The descriptor keeps both alive.
  static Result<std::shared_ptr<DmaDescriptor>> map(std::shared_ptr<Transport> transport,
                                                    std::shared_ptr<Buffer> buffer);
  // Memory that the device does not reach: its data is copied through memory that it does. No runs.
  static std::shared_ptr<DmaDescriptor> unreached(std::shared_ptr<Buffer> buffer);
  ~DmaDescriptor();
  DmaDescriptor(const DmaDescriptor&) = delete;
  DmaDescriptor& operator=(const DmaDescriptor&) = delete;

  std::byte* bytes() const { return buffer_->bytes(); }
  size_t byte_length() const { return buffer_->byte_length(); }
  MemoryKind kind() const { return buffer_->kind(); }
  const std::vector<IoRun>& runs() const { return mapping_.runs; }

  // The I/O address of the byte at `offset` (below byte_length). Constant time when there is one
  // run, logarithmic otherwise.
  uint64_t io_address(size_t offset) const;

 private:
  DmaDescriptor(std::shared_ptr<Transport> transport, std::shared_ptr<Buffer> buffer,
                Mapping mapping);

  const ProcessMark process_;
  std::shared_ptr<Transport> transport_;
  std::shared_ptr<Buffer> buffer_;
  Mapping mapping_;
  std::vector<uint64_t> run_offsets_;  // where in the memory each run begins
};

}  // namespace nvm

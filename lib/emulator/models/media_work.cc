// SPDX-License-Identifier: MIT
#include "emulator/models/media_work.h"

#include <algorithm>
#include <iterator>

#include "spec/nvme.h"

namespace nvm::emulator {
namespace {

struct OpcodeWork {
  uint8_t opcode;
  MediaWork work;
};

// Where the direction of the data does not tell.
constexpr OpcodeWork kExceptions[] = {
    {spec::nvm_opcode::flush, MediaWork::Flush},
    {spec::nvm_opcode::compare, MediaWork::Read},
    {spec::nvm_opcode::write_zeroes, MediaWork::Write},
    {spec::nvm_opcode::verify, MediaWork::Read},
    {spec::nvm_opcode::dataset_management, MediaWork::None},
};

// By bits 1:0 of an opcode: no data, to the controller, to the host, both.
constexpr MediaWork kByDirection[] = {MediaWork::None, MediaWork::Write, MediaWork::Read,
                                      MediaWork::Write};

}  // namespace

MediaWork media_work(const TimedCommand& command) {
  if (command.deallocates) return MediaWork::None;
  const auto* exception =
      std::find_if(std::begin(kExceptions), std::end(kExceptions),
                   [&](const OpcodeWork& each) { return each.opcode == command.opcode; });
  if (exception != std::end(kExceptions)) return exception->work;
  return kByDirection[command.opcode & 3];
}

}  // namespace nvm::emulator

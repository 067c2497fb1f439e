// SPDX-License-Identifier: MIT
// Compare (NVM command set 1.0, 3.2.1). Metadata is compared too, unless it is protection
// information: that is checked, the host's and the medium's.
#include <cstring>

#include "emulator/nvm/blocks.h"
#include "emulator/nvm/commands.h"
#include "emulator/nvm/limits.h"
#include "emulator/nvm/protection.h"

namespace nvm::emulator::commands {
namespace {

bool equal(std::span<const std::byte> a, std::span<const std::byte> b) {
  return memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

Task compare(Namespace& ns, Command& command) {
  const BlockRange range = block_range(command.sqe);
  const Protection protection = protection_of(command.sqe);
  const bool is_protected = ns.format.protection_type != 0;
  if (is_protected && protection.acts()) {
    co_return refuse(spec::status::invalid_protection_information);
  }
  const uint16_t judged = judge_protection(ns.format, protection, range.lba);
  if (judged != spec::status::success) co_return judged;
  const HostLayout layout(ns.format, false);
  Blocks stored(ns.format);
  Blocks sent(ns.format);
  const uint64_t most = kPartBytes / ns.format.data_byte_length();
  for (uint64_t done = 0; done < range.block_count; done += most) {
    if (done != 0) co_await next_step{};
    stored.resize(std::min(most, range.block_count - done));
    sent.resize(std::min(most, range.block_count - done));
    const BlockSpan wanted = sent.all();
    uint16_t status = co_await receive_blocks(command, layout, done, wanted);
    if (status != spec::status::success) co_return status;
    const BlockSpan found = stored.all();
    status = co_await load_blocks(ns, range.lba + done, found);
    if (status != spec::status::success) co_return status;
    for (const BlockSpan& part : {wanted, found}) {
      status = check_protection(ns.format, protection, done, part.data, part.metadata);
      if (status != spec::status::success) co_return status;
    }
    if (!equal(wanted.data, found.data) ||
        (!is_protected && !wanted.metadata.empty() && !equal(wanted.metadata, found.metadata))) {
      co_return refuse(spec::status::compare_failure);
    }
  }
  co_return spec::status::success;
}

}  // namespace nvm::emulator::commands

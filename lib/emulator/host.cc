// SPDX-License-Identifier: MIT
#include "emulator/host.h"

#include <sys/mman.h>

#include "emulator/bar.h"
#include "platform/sealed_memory.h"

namespace nvm::emulator {
namespace {

constexpr size_t kPageByteLength = kSleepingOffset - kDoorbellOffset;

}  // namespace

std::unique_ptr<ClientHost> ClientHost::make(std::optional<CommandPolicy> policy) {
  UniqueFd fd = make_sealed_memory("peernvm-doorbells", kPageByteLength);
  if (!fd.valid()) return nullptr;
  void* page = mmap(nullptr, kPageByteLength, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (page == MAP_FAILED) return nullptr;
  std::unique_ptr<ClientHost> host(new ClientHost);
  host->fd_ = std::move(fd);
  host->doorbells = static_cast<uint32_t*>(page);
  host->policy = std::move(policy);
  return host;
}

ClientHost::~ClientHost() {
  if (doorbells != nullptr) munmap(doorbells, kPageByteLength);
}

}  // namespace nvm::emulator

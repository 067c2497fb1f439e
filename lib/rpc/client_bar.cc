// SPDX-License-Identifier: MIT
#include "rpc/client_bar.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "platform/namespace_changes.h"
#include "platform/os_failure.h"
#include "platform/sealed_memory.h"
#include "spec/nvme.h"

namespace nvm::rpc {
namespace {

constexpr size_t kPageSize = 4096;
constexpr size_t kDoorbellOffset = 0x1000;  // NVMe base 2.0, 3.1.2.1
constexpr size_t kByteLengthMax = 64 << 20;

template <class T>
T read_register(const std::byte* bar, uint32_t offset) {
  return __atomic_load_n(reinterpret_cast<const T*>(bar + offset), __ATOMIC_ACQUIRE);
}

// In two accesses, low half first: not every root port passes wider ones on whole.
uint64_t read_cap(const std::byte* bar) {
  const uint64_t low = read_register<uint32_t>(bar, spec::registers::cap);
  return uint64_t{read_register<uint32_t>(bar, spec::registers::cap + 4)} << 32 | low;
}

bool fits(const UniqueFd& fd, uint64_t offset, uint64_t byte_length) {
  struct stat file;
  return offset % kPageSize == 0 && byte_length % kPageSize == 0 && byte_length != 0 &&
         byte_length <= kByteLengthMax && fstat(fd.get(), &file) == 0 &&
         (!S_ISREG(file.st_mode) || (offset <= static_cast<uint64_t>(file.st_size) &&
                                     byte_length <= static_cast<uint64_t>(file.st_size) - offset));
}

// Words at `offset` of the BAR; 0: there are none.
bool lies_in(const spec::RpcWelcome& welcome, uint32_t offset, size_t byte_length) {
  return offset % sizeof(uint32_t) == 0 && byte_length <= welcome.bar_byte_length &&
         offset <= welcome.bar_byte_length - byte_length;
}

}  // namespace

ClientBar::~ClientBar() {
  replacement_.reset();
  if (bytes_ != nullptr) munmap(bytes_, byte_length_);
}

uint32_t ClientBar::read32(uint32_t offset) const {
  return read_register<uint32_t>(bytes_, offset);
}

uint64_t ClientBar::read64(uint32_t offset) const {
  return read_register<uint64_t>(bytes_, offset);
}

volatile uint32_t* ClientBar::doorbells() const {
  return reinterpret_cast<volatile uint32_t*>(bytes_ + kDoorbellOffset);
}

Status ClientBar::map(Client& client) {
  const spec::RpcWelcome& welcome = client.welcome();
  const UniqueFd bar = client.take_bar();
  const UniqueFd doorbells = client.take_doorbells();
  if (!fits(bar, welcome.bar_offset, welcome.bar_byte_length) ||
      !fits(doorbells, welcome.doorbell_offset, welcome.doorbell_byte_length) ||
      welcome.bar_byte_length < kDoorbellOffset + welcome.doorbell_byte_length ||
      !lies_in(welcome, welcome.sleeping_offset, sizeof(uint32_t)) ||
      !lies_in(welcome, welcome.namespace_changes_offset, sizeof(NamespaceChanges)) ||
      welcome.doorbell_stride < 4 || welcome.doorbell_stride % 4 != 0) {
    return Status(ErrorCode::Target, "what serves at " + client.name() + " has no usable BAR");
  }
  if (bytes_ == nullptr) {
    void* place = mmap(nullptr, welcome.bar_byte_length, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED) return os_failure("mmap of the BAR", errno);
    bytes_ = static_cast<std::byte*>(place);
    byte_length_ = welcome.bar_byte_length;
  }
  const size_t doorbell_end = kDoorbellOffset + welcome.doorbell_byte_length;
  NVM_TRY(put(0, kDoorbellOffset, PROT_READ, bar, welcome.bar_offset));
  NVM_TRY(put(doorbell_end, byte_length_, PROT_READ, bar, welcome.bar_offset + doorbell_end));
  cap_ = read_cap(bytes_);
  vs_ = read_register<uint32_t>(bytes_, spec::registers::vs);
  NVM_TRY(put(kDoorbellOffset, doorbell_end, PROT_READ | PROT_WRITE, doorbells,
              welcome.doorbell_offset));
  return welcome.uncached != 0 ? Status() : watch(doorbells, welcome.doorbell_byte_length);
}

// Doorbells of another process, which the manager was given as well, may be taken away.
Status ClientBar::watch(const UniqueFd& doorbells, size_t byte_length) {
  std::unique_ptr<PageReplacement> next;
  if (!sealed_byte_length(doorbells.get())) {
    next = PageReplacement::watch(bytes_ + kDoorbellOffset, byte_length);
    if (next == nullptr) {
      return Status(ErrorCode::Unsupported, "too many mappings that could vanish");
    }
  }
  replacement_ = std::move(next);
  return {};
}

void ClientBar::leave() {
  (void)mmap(bytes_, byte_length_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
             -1, 0);
}

bool ClientBar::is_same(const Client& next) const {
  const spec::RpcWelcome& welcome = next.welcome();
  if (welcome.bar_byte_length != byte_length_ ||
      !fits(next.bar(), welcome.bar_offset, welcome.bar_byte_length)) {
    return false;
  }
  void* page = mmap(nullptr, kPageSize, PROT_READ, MAP_SHARED, next.bar().get(),
                    static_cast<off_t>(welcome.bar_offset));
  if (page == MAP_FAILED) return false;
  const auto* bar = static_cast<const std::byte*>(page);
  const bool same =
      read_cap(bar) == cap_ && read_register<uint32_t>(bar, spec::registers::vs) == vs_;
  munmap(page, kPageSize);
  return same;
}

Status ClientBar::put(size_t from, size_t to, int protection, const UniqueFd& file,
                      uint64_t offset) {
  if (from == to) return {};
  void* put = mmap(bytes_ + from, to - from, protection, MAP_SHARED | MAP_FIXED, file.get(),
                   static_cast<off_t>(offset));
  return put == MAP_FAILED ? os_failure("mmap of the BAR", errno) : Status();
}

}  // namespace nvm::rpc

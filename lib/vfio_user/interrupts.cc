// SPDX-License-Identifier: MIT
#include "vfio_user/interrupts.h"

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "vfio_user/message.h"

namespace nvm::vfio_user {
namespace {

constexpr size_t kPendingByteLength = (kVectorCount + 63) / 64 * 8;

// Only an eventfd may be written to from the thread that steps the device: a pipe could block it.
bool is_eventfd(int fd) {
  char path[32];
  char name[32];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(path, name, sizeof name - 1);
  if (length < 0) return false;
  name[length] = 0;
  return std::strcmp(name, "anon_inode:[eventfd]") == 0;
}

// A counter at its limit must not block either; the client has its interrupt then.
bool set_non_blocking(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

void signal(const UniqueFd& eventfd) {
  uint64_t one = 1;
  ssize_t written;
  do {
    written = write(eventfd.get(), &one, sizeof one);
  } while (written < 0 && errno == EINTR);
}

// False when the client has seen the signals already.
bool take_back(const UniqueFd& eventfd) {
  uint64_t count;
  return eventfd.valid() && read(eventfd.get(), &count, sizeof count) == sizeof count;
}

}  // namespace

Interrupts::Interrupts() {
  reset();
}

uint32_t Interrupts::count_of(uint32_t index) {
  switch (index) {
    case irq_index::msix:
      return kVectorCount;
    case irq_index::pin:
    case irq_index::error:
    case irq_index::release_request:
      return 1;
    default:
      return 0;
  }
}

uint32_t Interrupts::flags_of(uint32_t index) {
  switch (index) {
    case irq_index::msix:
      return irq_flag::eventfd | irq_flag::maskable;
    case irq_index::pin:
      return irq_flag::eventfd | irq_flag::maskable | irq_flag::automasked;
    case irq_index::error:
    case irq_index::release_request:
      return irq_flag::eventfd;
    default:
      return 0;
  }
}

Interrupts::Line& Interrupts::line(uint32_t index, uint32_t start) {
  if (index == irq_index::msix) return vectors_[start];
  if (index == irq_index::pin) return pin_;
  return index == irq_index::error ? error_ : release_request_;
}

void Interrupts::raise(uint16_t vector) {
  if (vector >= kVectorCount) return;
  vectors_[vector].pending = true;
  deliver(vectors_[vector]);
}

void Interrupts::deliver(Line& vector) {
  if (!vector.pending || vector.masked_by_table || vector.masked_by_client || msix_masked_) return;
  if (!vector.eventfd.valid()) return;
  signal(vector.eventfd);
  vector.pending = false;
}

void Interrupts::set_pin(bool asserted) {
  pin_asserted_ = asserted;
  if (asserted) return deliver_pin();
  // A signal that the client has not seen yet would be an interrupt without a reason, and only an
  // access to the device would end it.
  if (pin_signalled_ && take_back(pin_.eventfd)) pin_signalled_ = false;
}

// A level becomes one signal, and then none until the client has unmasked the pin: it does that
// when the host has served the interrupt.
void Interrupts::deliver_pin() {
  if (!pin_asserted_ || pin_signalled_) return;
  if (pin_.masked_by_client || !pin_.eventfd.valid()) return;
  signal(pin_.eventfd);
  pin_signalled_ = true;
}

int Interrupts::connect(uint32_t index, uint32_t start, std::vector<UniqueFd> fds) {
  for (const UniqueFd& fd : fds) {
    if (!is_eventfd(fd.get()) || !set_non_blocking(fd.get())) return EINVAL;
  }
  for (uint32_t i = 0; i < fds.size(); i++) {
    Line& connected = line(index, start + i);
    connected.eventfd = std::move(fds[i]);
    if (index == irq_index::msix) deliver(connected);
  }
  if (index != irq_index::pin) return 0;
  pin_signalled_ = false;  // by this eventfd
  deliver_pin();
  return 0;
}

void Interrupts::disconnect(uint32_t index, uint32_t start, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    Line& disconnected = line(index, start + i);
    disconnected.eventfd.reset();
    disconnected.masked_by_client = false;
    if (index == irq_index::pin) pin_signalled_ = false;
  }
}

void Interrupts::set_client_mask(uint32_t index, uint32_t start, bool masked) {
  Line& changed = line(index, start);
  changed.masked_by_client = masked;
  if (index == irq_index::msix) deliver(changed);
  if (index != irq_index::pin) return;
  if (!masked) pin_signalled_ = false;
  deliver_pin();
}

void Interrupts::trigger(uint32_t index, uint32_t start) {
  if (index == irq_index::msix) return raise(static_cast<uint16_t>(start));
  const Line& triggered = line(index, start);
  if (triggered.eventfd.valid()) signal(triggered.eventfd);
}

void Interrupts::set_msix_masked(bool masked) {
  msix_masked_ = masked;
  if (masked) return;
  for (Line& vector : vectors_) deliver(vector);
}

void Interrupts::reset() {
  table_.fill(std::byte{0});
  for (size_t i = 0; i < kVectorCount; i++) {
    // The table shows the vectors masked, as after power-on. That counts only once somebody writes
    // there: a client that keeps the table itself, as QEMU does, never will, and says with SET_IRQS
    // what it wants to hear of.
    table_[i * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL] =
        std::byte{PCI_MSIX_ENTRY_CTRL_MASKBIT};
    vectors_[i].masked_by_table = false;
    vectors_[i].masked_by_client = false;
    vectors_[i].pending = false;
  }
  msix_masked_ = false;
  pin_.masked_by_client = false;
  pin_signalled_ = false;
  pin_asserted_ = false;
}

void Interrupts::read_table(size_t offset, std::span<std::byte> to) const {
  std::copy_n(table_.begin() + static_cast<ptrdiff_t>(offset), to.size(), to.begin());
}

void Interrupts::write_table(size_t offset, std::span<const std::byte> from) {
  size_t end = std::min<size_t>(offset + from.size(), kVectorCount * PCI_MSIX_ENTRY_SIZE);
  for (size_t at = offset; at < end; at++) {
    table_[at] = from[at - offset];
    if (at % PCI_MSIX_ENTRY_SIZE != PCI_MSIX_ENTRY_VECTOR_CTRL) continue;
    Line& vector = vectors_[at / PCI_MSIX_ENTRY_SIZE];
    vector.masked_by_table = (table_[at] & std::byte{PCI_MSIX_ENTRY_CTRL_MASKBIT}) != std::byte{0};
    deliver(vector);
  }
}

void Interrupts::read_pending(size_t offset, std::span<std::byte> to) const {
  std::array<uint8_t, kPendingByteLength> bits{};
  for (size_t i = 0; i < kVectorCount; i++) {
    if (vectors_[i].pending) bits[i / 8] |= static_cast<uint8_t>(1u << (i % 8));
  }
  for (size_t i = 0; i < to.size(); i++) {
    size_t at = offset + i;
    to[i] = at < bits.size() ? std::byte{bits[at]} : std::byte{0};
  }
}

}  // namespace nvm::vfio_user

// SPDX-License-Identifier: MIT
// nvm_ctrl.h.
#include <nvm_ctrl.h>

#include <algorithm>
#include <string>

#include "capi/handles.h"
#include "capi/register_transport.h"
#include "driver/reset.h"
#include "spec/nvme.h"
#include "transport/open.h"

namespace nvm::capi {

ControllerHandle::ControllerHandle(std::shared_ptr<Transport> transport)
    : nvm_ctrl_t{}, transport_(std::move(transport)) {
  const uint64_t cap = transport_->read_register64(spec::registers::cap);
  page_size = kPageSize;
  dstrd = static_cast<uint8_t>(spec::cap::dstrd.get(cap));
  timeout = spec::cap::to.get(cap) * 500;  // CAP.TO counts half seconds
  max_entries = static_cast<uint16_t>(std::min<uint64_t>(spec::cap::mqes.get(cap) + 1, 0xffff));
  mm_size = transport_->bar_byte_length();
  mm_ptr = transport_->bar();
}

ControllerHandle& ControllerHandle::of(const nvm_ctrl_t* ctrl) {
  return *static_cast<ControllerHandle*>(const_cast<nvm_ctrl_t*>(ctrl));
}

Status ControllerHandle::refuse_if_inherited() const {
  if (!is_inherited()) return {};
  return Status(ErrorCode::Closed, transport_->capabilities().address + ": " + process_.explain());
}

namespace {

// The driver's own checks, for a reference that the C API makes without it.
Status check_usable(Transport& transport) {
  const uint64_t cap = transport.read_register64(spec::registers::cap);
  const std::string& address = transport.capabilities().address;
  if (cap == UINT64_MAX) return transport.gone();
  if (spec::cap::mpsmin.get(cap) != 0) {
    return Status(ErrorCode::Unsupported, address + " has no 4 KiB memory pages (CAP.MPSMIN)");
  }
  return {};
}

}  // namespace

int give_controller(nvm_ctrl_t** ctrl, Result<std::shared_ptr<Transport>> opened) {
  *ctrl = nullptr;
  if (!opened.ok()) return report(opened.status());
  Status usable = check_usable(*opened.value());
  if (!usable.ok()) return report(usable);
  remember_for_wake(opened.value());
  *ctrl = new ControllerHandle(std::move(opened.value()));
  return 0;
}

}  // namespace nvm::capi

using nvm::capi::ControllerHandle;

extern "C" int nvm_ctrl_init(nvm_ctrl_t** ctrl, int fd) {
  return nvm::capi::give_controller(ctrl, nvm::open_transport_fd(fd));
}

extern "C" int nvm_ctrl_open(nvm_ctrl_t** ctrl, const char* target) {
  return nvm::capi::give_controller(ctrl, nvm::open_transport(target == nullptr ? "" : target));
}

extern "C" int nvm_raw_ctrl_init(nvm_ctrl_t** ctrl, volatile void* mm_ptr, size_t mm_size) {
  *ctrl = nullptr;
  if (mm_ptr == nullptr || mm_size < NVM_CTRL_MEM_MINSIZE) {
    return nvm::capi::report(nvm::Status(nvm::ErrorCode::Range,
                                         "a controller's registers and doorbells take 8192 bytes"));
  }
  return nvm::capi::give_controller(
      ctrl, std::shared_ptr<nvm::Transport>(
                std::make_shared<nvm::capi::RegisterTransport>(mm_ptr, mm_size)));
}

extern "C" void nvm_ctrl_free(nvm_ctrl_t* ctrl) {
  if (ctrl == nullptr) return;
  ControllerHandle& handle = ControllerHandle::of(ctrl);
  // A parent's stays: what lets go of a device talks to it.
  if (!handle.is_inherited()) delete &handle;
}

extern "C" int nvm_raw_ctrl_reset(const nvm_ctrl_t* ctrl, uint64_t acq_ioaddr,
                                  uint64_t asq_ioaddr) {
  const nvm::Status refusal = ControllerHandle::of(ctrl).refuse_if_inherited();
  if (!refusal.ok()) return nvm::capi::report(refusal);
  nvm::Transport& transport = *ControllerHandle::of(ctrl).transport();
  if (transport.manager() != nullptr) return nvm::capi::report(transport.reset());  // refuses
  nvm::Status status = nvm::disable_controller(transport, nvm::thread_waiter());
  if (status.ok()) {
    const uint64_t cap = transport.read_register64(nvm::spec::registers::cap);
    const uint32_t entries = nvm::admin_queue_entries(cap, nvm::capi::kPageSize);
    status =
        nvm::enable_controller(transport, nvm::thread_waiter(), {asq_ioaddr, acq_ioaddr, entries});
  }
  return nvm::capi::report(status);
}

// SPDX-License-Identifier: MIT
// nvm_aq.h, and admin commands of nvm_rpc.h.
#include <nvm_aq.h>
#include <nvm_rpc.h>
#include <nvm_util.h>

#include <algorithm>
#include <cstring>

#include "capi/handles.h"
#include "capi/named_memory.h"

using nvm::Status;
using nvm::capi::ControllerHandle;
using nvm::capi::report;

nvm_admin_reference::nvm_admin_reference(const nvm_ctrl_t* of, std::shared_ptr<nvm::Admin> way,
                                         std::shared_ptr<nvm::QueueNumbers> numbers)
    : ctrl(of),
      admin(std::move(way)),
      timeout_ns(
          std::max(of->timeout * nvm::kNanosecondsPerMillisecond, nvm::capi::kCommandTimeoutNsMin)),
      queues(nvm::capi::ControllerHandle::of(of).transport(), std::move(numbers)) {}

namespace {

// Who shares a drive with this process knows no longer what it has.
void count_namespace_change(nvm_admin_reference& ref,
                            const nvm::spec::SubmissionQueueEntry& command) {
  if (!nvm::changes_namespaces(command)) return;
  ControllerHandle::of(ref.ctrl).transport()->count_namespace_change(command.nsid);
}

}  // namespace

extern "C" int nvm_aq_create(nvm_aq_ref* ref, const nvm_ctrl_t* ctrl, const nvm_dma_t* window) {
  *ref = nullptr;
  const Status refusal = ControllerHandle::of(ctrl).refuse_if_inherited();
  if (!refusal.ok()) return report(refusal);
  const std::shared_ptr<nvm::Transport>& transport = ControllerHandle::of(ctrl).transport();
  if (transport->manager() != nullptr) return nvm_rpc_bind(ref, ctrl, nullptr);
  if (window->vaddr == nullptr || window->n_ioaddrs < 2) {
    return report(Status(nvm::ErrorCode::Range,
                         "the admin queues need two pages of memory that this process can reach"));
  }
  auto created =
      nvm::AdminQueue::create(transport,
                              {static_cast<std::byte*>(window->vaddr), window->ioaddrs[0],
                               window->ioaddrs[1], nvm::capi::DmaHandle::of(window).memory},
                              nvm::thread_waiter());
  if (!created.ok()) return report(created.status());
  std::shared_ptr<nvm::AdminQueue> queue = std::move(created.value());
  *ref = new nvm_admin_reference(ctrl, queue, nullptr);
  // What waits ends at once, and clients are told. Until nvm_aq_destroy().
  transport->on_queues_lost([lost = queue.get()](nvm::ErrorCode) { lost->lose(); });
  (*ref)->owned = std::move(queue);
  return 0;
}

extern "C" void nvm_aq_destroy(nvm_aq_ref ref) {
  if (ref == nullptr) return;
  // A parent's goes on, with the threads that serve it, which are not in this process.
  if (ControllerHandle::of(ref->ctrl).is_inherited()) return;
  nvm_rpc_disable(ref, nullptr);
  // A manager's go with the controller's being disabled.
  if (ref->owned != nullptr) {
    ControllerHandle::of(ref->ctrl).transport()->on_queues_lost({});
  } else {
    ref->queues.delete_queues([ref](nvm::spec::SubmissionQueueEntry& command) {
      return ref->admin->relay(command, ref->timeout_ns, nullptr);
    });
  }
  (void)report(ref->admin->close());
  delete ref;
}

extern "C" void nvm_rpc_unbind(nvm_aq_ref ref) {
  nvm_aq_destroy(ref);
}

extern "C" int nvm_raw_rpc(nvm_aq_ref ref, nvm_cmd_t* cmd, nvm_cpl_t* cpl) {
  std::memset(cpl, 0, sizeof(*cpl));
  const Status refusal = ControllerHandle::of(ref->ctrl).refuse_if_inherited();
  if (!refusal.ok()) return report(refusal);
  nvm::spec::SubmissionQueueEntry command;
  static_assert(sizeof(command) == sizeof(*cmd));
  std::memcpy(&command, cmd, sizeof(command));
  // What the device may use for as long as it has not answered.
  auto named = nvm::capi::memory_named_by(command);
  count_namespace_change(*ref, command);
  auto result = ref->queues.send(
      command, [&] { return ref->admin->relay(command, ref->timeout_ns, std::move(named)); });
  count_namespace_change(*ref, command);
  if (!result.ok()) return report(result.status());
  const nvm::Completion& completion = result.value();
  std::memcpy(cmd, &command, sizeof(command));
  *NVM_CMD_CID(cmd) = completion.command_id;
  cpl->dword[0] = completion.dword0;
  cpl->dword[1] = completion.dword1;
  cpl->dword[2] = static_cast<uint32_t>(completion.sq_id) << 16 | completion.sq_head;
  cpl->dword[3] = static_cast<uint32_t>(completion.status_field) << 17 | completion.command_id;
  return report(Status::from_nvme(completion.status_field));
}

extern "C" const nvm_ctrl_t* nvm_ctrl_from_aq_ref(nvm_aq_ref ref) {
  return ref == nullptr ? nullptr : ref->ctrl;
}

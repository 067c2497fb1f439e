// SPDX-License-Identifier: MIT
// Sharing a controller between processes, of nvm_rpc.h: serving one, and being a client.
#include <nvm_admin.h>
#include <nvm_error.h>
#include <nvm_rpc.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "capi/handles.h"
#include "driver/remote_manager.h"
#include "driver/reset.h"
#include "spec/nvme.h"

using nvm::ErrorCode;
using nvm::Result;
using nvm::Status;
using nvm::capi::ControllerHandle;
using nvm::capi::report;

namespace {

// For a program that has not asked for queues itself.
constexpr uint16_t kQueuePairsWanted = 128;

// Queue pairs that the controller has granted, as a packed status says.
int read_grant(nvm_aq_ref ref, uint16_t& queue_pairs) {
  uint16_t n_cqs = 0;
  uint16_t n_sqs = 0;
  // Refused once a queue exists: then what the controller grants unasked counts.
  if (!ref->queues.has_asked()) {
    (void)nvm_admin_set_num_queues(ref, kQueuePairsWanted, kQueuePairsWanted);
  }
  const int status = nvm_admin_get_num_queues(ref, &n_cqs, &n_sqs);
  queue_pairs = std::min(n_cqs, n_sqs);
  return status;
}

Result<nvm::ControllerLimits> read_limits(nvm_aq_ref ref) {
  const std::shared_ptr<nvm::Transport>& transport = ControllerHandle::of(ref->ctrl).transport();
  auto buffer = transport->allocate(nvm::capi::kPageSize);
  if (!buffer.ok()) return std::move(buffer.status());
  auto page = nvm::DmaDescriptor::map(transport, std::move(buffer.value()));
  if (!page.ok()) return std::move(page.status());
  return nvm::identify_limits(*ref->admin, page.value(), nvm::kAdminTimeoutNs);
}

nvm::rpc::ServicePolicy make_policy(nvm_rpc_filter filter, void* arg) {
  nvm::rpc::ServicePolicy policy;
  if (filter == nullptr) return policy;
  policy.administers = true;
  policy.filter = [filter, arg](nvm::spec::SubmissionQueueEntry& command,
                                const nvm::rpc::Peer& peer) {
    const nvm_rpc_client client{peer.client_id, static_cast<int32_t>(peer.pid), peer.uid, peer.gid};
    nvm_cmd_t cmd;
    std::memcpy(&cmd, &command, sizeof(cmd));
    const bool passes = filter(&cmd, &client, arg);
    std::memcpy(&command, &cmd, sizeof(cmd));
    return passes;
  };
  return policy;
}

bool is_same_socket(const char* path, const std::string& other) {
  struct stat one;
  struct stat another;
  return path == other || (stat(path, &one) == 0 && stat(other.c_str(), &another) == 0 &&
                           one.st_dev == another.st_dev && one.st_ino == another.st_ino);
}

}  // namespace

extern "C" int nvm_rpc_enable(nvm_aq_ref ref, const char* path, nvm_rpc_filter filter, void* arg) {
  const ControllerHandle& handle = ControllerHandle::of(ref->ctrl);
  const Status refusal = handle.refuse_if_inherited();
  if (!refusal.ok()) return report(refusal);
  const std::shared_ptr<nvm::Transport>& transport = handle.transport();
  if (ref->owned == nullptr) {
    return report(Status(ErrorCode::NoAdmin, "a client does not serve what it shares, " +
                                                 transport->capabilities().address));
  }
  if (path == nullptr || path[0] == '\0') {
    return report(Status(ErrorCode::Argument, "the path of a socket to serve at"));
  }
  const Status shareable = nvm::rpc::check_shareable(*transport);
  if (!shareable.ok()) return report(shareable);
  auto limits = read_limits(ref);
  if (!limits.ok()) return report(limits.status());
  const int status = read_grant(ref, limits.value().io_queue_pairs_max);
  if (!nvm_ok(status)) return status;
  nvm::rpc::ServedController served;
  served.transport = transport;
  served.admin = ref->owned;
  served.queue_numbers =
      ref->queues.share(limits.value().io_queue_pairs_max, transport->capabilities().vectors);
  served.limits = limits.value();
  auto started = nvm::rpc::Server::start(std::move(served), path, {}, make_policy(filter, arg));
  if (!started.ok()) return report(started.status());
  std::lock_guard lock(ref->mutex);
  ref->servers.push_back(std::move(started.value()));
  return 0;
}

extern "C" void nvm_rpc_disable(nvm_aq_ref ref, const char* path) {
  if (ControllerHandle::of(ref->ctrl).is_inherited()) return;
  std::lock_guard lock(ref->mutex);
  std::erase_if(ref->servers,
                [path](const auto& server) { return path == nullptr || server->path() == path; });
}

extern "C" int nvm_rpc_bind(nvm_aq_ref* ref, const nvm_ctrl_t* ctrl, const char* path) {
  *ref = nullptr;
  const Status refusal = ControllerHandle::of(ctrl).refuse_if_inherited();
  if (!refusal.ok()) return report(refusal);
  nvm::Transport& transport = *ControllerHandle::of(ctrl).transport();
  const nvm::RemoteManager* manager = transport.manager();
  if (manager == nullptr) {
    return report(Status(ErrorCode::Unsupported,
                         "the manager reaches no memory of a controller that this process has "
                         "opened itself, " +
                             transport.capabilities().address +
                             "; open the manager's socket with nvm_ctrl_open"));
  }
  if (path != nullptr && !is_same_socket(path, manager->path)) {
    return report(Status(ErrorCode::Argument, std::string(path) + " is not where the controller " +
                                                  "was opened, which is " + manager->path));
  }
  if (transport.read_register64(nvm::spec::registers::cap) == UINT64_MAX) {
    return report(transport.gone());
  }
  *ref = new nvm_admin_reference(ctrl, manager->admin, manager->queue_numbers);
  return 0;
}

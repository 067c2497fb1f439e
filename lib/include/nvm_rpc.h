/* SPDX-License-Identifier: MIT */
/**
 * DOC: Sharing, and commands of one's own
 *
 * Any admin command, through a reference that nvm_aq_create() or nvm_rpc_bind() gave.
 *
 * The manager of a controller may serve it to other processes at a socket. Such a client opens the
 * socket's path with nvm_ctrl_open(), binds, and has the functions that a manager has: its admin
 * commands go through the manager, its queues, doorbells and memory are its own. Of an emulated
 * controller a client reaches its own memory only. When a client ends, in whatever way, the
 * manager deletes its queues before its memory goes.
 */
#ifndef NVM_RPC_H
#define NVM_RPC_H

#include <nvm_types.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * nvm_raw_rpc - send an admin command and wait for its completion
 * @ref: admin queue pair reference
 * @cmd: the command; its command id is overwritten, and a client's may be rewritten by the manager
 * @cpl: receives the completion, zeroed when there was none
 *
 * Any thread. Waits at most the controller's timeout, and at least five seconds. After a timeout,
 * memory of nvm_dma_create() that the command points to, by a PRP list too, is kept until the
 * controller completed it or was disabled; memory of the caller's own is the caller's to keep.
 *
 * Where processes share the controller, creating a queue takes its id, which nobody else is given
 * until the queues of that id are deleted.
 *
 * Return: packed status: 0, an errno, or the completion's negative NVMe status. ETIME when nobody
 * answered in time. A client's: EPERM when the manager refuses the command, EPIPE when it has gone.
 * Of a command that creates a queue: EBUSY when somebody else has the id.
 */
int nvm_raw_rpc(nvm_aq_ref ref, nvm_cmd_t* cmd, nvm_cpl_t* cpl);

/**
 * struct nvm_rpc_client - who sent a command, as the operating system says
 * @id: another number for each client of one socket, from 1
 * @pid: its process
 * @uid: its user
 * @gid: its group
 */
struct nvm_rpc_client {
  uint32_t id;
  int32_t pid;
  uint32_t uid;
  uint32_t gid;
};

/**
 * typedef nvm_rpc_filter - looks at an admin command of a client before it is sent
 * @cmd: the command, which it may rewrite; its identifier is chosen later
 * @client: who sent it
 * @arg: as it was given to nvm_rpc_enable()
 *
 * Runs in the thread that serves, while all clients of the socket wait. Must not call
 * nvm_rpc_disable() or nvm_aq_destroy().
 *
 * Return: true to let it pass, false to reject it.
 */
typedef bool (*nvm_rpc_filter)(nvm_cmd_t* cmd, const struct nvm_rpc_client* client, void* arg);

/**
 * nvm_rpc_enable - serve a controller to other processes
 * @ref: the manager's admin queue pair reference
 * @path: of the socket to serve at, for processes of the same user and of root. What a server that
 * has died left there is replaced
 * @filter: looks at each admin command of a client; NULL: clients may identify, read log pages and
 * features, and have queues
 * @arg: for @filter
 *
 * With a filter it is the filter that decides, also about formatting and features. Some commands
 * never pass: those about the admin queues and the number of queues, and a client's about queues or
 * memory that are not its own.
 *
 * A client may have 16 queue pairs and 1 GiB of memory, and a socket 64 clients. The number of
 * queues is settled by this call: a program that wants another number than up to 128 pairs
 * asks the controller before (nvm_admin_request_num_queues()). Several sockets may be served at.
 *
 * An emulated controller keeps its clients apart. Those of a drive, or of a device that was opened
 * through vfio-user, have to be trusted: it executes what their queues say, at any address that it
 * reaches.
 *
 * Return: 0; EBUSY when somebody serves at @path; ENOTSUP for a device that cannot be shared; EPERM
 * for a client's reference; or another errno. nvm_reason() says more.
 */
int nvm_rpc_enable(nvm_aq_ref ref, const char* path, nvm_rpc_filter filter, void* arg);

/**
 * nvm_rpc_disable - stop serving a controller
 * @ref: the manager's admin queue pair reference
 * @path: of the socket; NULL: of all. One that is not served at is ignored
 *
 * Clients' commands end with EPIPE from now on, and what they had is taken back. nvm_aq_destroy()
 * does it too.
 */
void nvm_rpc_disable(nvm_aq_ref ref, const char* path);

/**
 * nvm_rpc_bind - become a client of a controller's manager
 * @ref: receives the admin queue pair reference
 * @ctrl: the controller, opened by the path of the manager's socket with nvm_ctrl_open(); must
 * outlive the reference
 * @path: of that socket; may be NULL
 *
 * Resets nothing. All references of one @ctrl belong to one client, which leaves when @ctrl, its
 * references and its memory are let go of.
 *
 * Return: 0; ENOTSUP for a controller that was opened in another way: its memory is out of the
 * manager's reach; EINVAL when @path is another socket; EPIPE when the manager has gone.
 */
int nvm_rpc_bind(nvm_aq_ref* ref, const nvm_ctrl_t* ctrl, const char* path);

/**
 * nvm_rpc_unbind - let go of an admin queue pair reference
 * @ref: the reference, or NULL
 *
 * The same as nvm_aq_destroy(), also for the owner of the queues.
 */
void nvm_rpc_unbind(nvm_aq_ref ref);

#ifdef __cplusplus
}
#endif

#endif /* NVM_RPC_H */

// SPDX-License-Identifier: MIT
// Generated from src/spec/rpc.ts by `npx tsx scripts/generate.ts`: do not edit.
// Messages between the manager of a controller and clients.
// clang-format off
#pragma once

#include <cstddef>
#include <cstdint>

namespace nvm::spec {

inline constexpr uint32_t rpc_version = 1;

// rpc code.
namespace rpc_code {
inline constexpr uint8_t hello = 0x01;  // RpcHello
inline constexpr uint8_t map = 0x02;  // RpcMap
inline constexpr uint8_t unmap = 0x03;  // RpcUnmap
inline constexpr uint8_t admin = 0x04;  // RpcAdmin
inline constexpr uint8_t take_queue = 0x05;  // RpcTakeQueue
inline constexpr uint8_t give_queue = 0x06;  // RpcQueue
inline constexpr uint8_t bind_wake = 0x07;  // RpcBindWake
inline constexpr uint8_t wake = 0x08;  // The device sleeps and a doorbell was rung; has no reply
inline constexpr uint8_t status = 0x09;  // How many clients there are, and each
// From now on the client hears of asynchronous events
inline constexpr uint8_t watch_events = 0x0b;
// Notice: the controller was reset, no queue exists any more
inline constexpr uint8_t queues_lost = 0x20;
// Notice: the manager ends; with an error, as in a reply, what ended it
inline constexpr uint8_t closing = 0x21;
inline constexpr uint8_t event = 0x22;  // Notice: RpcEvent
// Notice: RpcNamespacesChanged, where the device counts no changes
inline constexpr uint8_t namespaces_changed = 0x23;
}  // namespace rpc_code

// How every message begins.
struct RpcHeader {
  uint16_t code;         // What it is: rpc_code
  uint16_t error;        // Of a reply: the ErrorCode, and the detail follows as text; 0: done
  uint32_t id;           // Of a request, and of its reply; 0 in a notice
  int32_t os_error;      // Of a reply with an error: the errno, or 0
  uint16_t nvme_status;  // Of a reply with an error: the status field, or 0
  uint8_t reserved_14[2];
};

// Request: the first message.
struct RpcHello {
  uint32_t version;   // rpc_version
  uint32_t observer;  // 1: wants only to ask for the status, and becomes no client
};

// Reply to RpcHello; with it the descriptors of the BAR, of the doorbells and of notices.
struct RpcWelcome {
  uint32_t version;  // rpc_version
  uint32_t client_id;  // How the manager names this client
  uint8_t reserved_8[8];
  uint64_t bar_offset;  // Where BAR0 begins in its file
  uint64_t bar_byte_length;  // Bytes of it that can be mapped, for reading
  uint64_t doorbell_offset;  // Where the doorbells begin in their file
  uint64_t doorbell_byte_length;  // Bytes of doorbells
  uint32_t doorbell_stride;  // Bytes from one doorbell to the next
  uint32_t sleeping_offset;  // Where in the BAR the word `sleeping` is; 0: the device never parks
  uint32_t uncached;  // 1: doorbells are device registers
  uint32_t emulated;  // 1: not a drive
  uint32_t wakes;  // 1: queues may announce completions
  uint32_t write_protected;  // 1: nothing can be written
  uint32_t vectors;  // Interrupt vectors of the device
  uint32_t takes_sgls;  // 1: data may be named by SGLs
  uint64_t transfer_bytes_max;  // MDTS in bytes; all ones: no limit
  uint32_t io_queue_pairs_max;  // Queue pairs that this client may have
  uint32_t optional_events;  // Identify OAES
// 1: the device is not of the process of its manager, and may be at work when that has gone
  uint32_t outlives_manager;
// 1: the device is given memory as files, which it maps itself, and takes few
  uint32_t maps_files;
  uint64_t data_identity;  // Of the blocks: another number where they are others; 0: unknown
// Where in the BAR NamespaceChanges are; 0: changes are told by notices
  uint32_t namespace_changes_offset;
  uint8_t reserved_116[12];
  char name[64];  // The transport of the manager
  char address[256];  // What the manager has opened
};

// Request: makes memory addressable; with it the descriptor of sealed memory.
struct RpcMap {
  uint64_t offset;       // Where in the file
  uint64_t byte_length;  // Whole pages
  uint64_t io_address;   // Where it shall be for the device; 0: anywhere
};

// Reply to RpcMap; `run_count` of RpcRun follow.
struct RpcMapped {
  uint64_t handle;     // Names it in RpcUnmap
  uint32_t run_count;  // Stretches that are contiguous for the device
  uint8_t reserved_12[4];
};

// A stretch of memory that is contiguous for the device.
struct RpcRun {
  uint64_t io_address;   // Its first byte
  uint64_t byte_length;  // Its length
};

// Request: no command and no queue uses this memory any more.
struct RpcUnmap {
  uint64_t handle;  // From RpcMapped
};

// Request: an admin command, on memory of the client.
struct RpcAdmin {
  uint8_t command[64];  // Submission queue entry; its identifier is chosen by the manager
  uint64_t timeout_ns;  // When to give up
};

// Reply to RpcAdmin: what the device said.
struct RpcCompletion {
  uint8_t command[64];    // As it was sent: a filter may have rewritten it
  uint32_t dw0;           // Dword 0 of the completion
  uint32_t dw1;           // Dword 1 of the completion
  uint16_t status_field;  // Without the phase tag
  uint16_t sq_head;       // Of the admin submission queue
  uint16_t command_id;    // That the manager had chosen
  uint8_t reserved_78[2];
};

// Request: the number of a queue pair, for Create and Delete commands and doorbells.
struct RpcTakeQueue {
  uint32_t wakes;     // 1: with an interrupt vector
  uint32_t queue_id;  // This one, if it is free; 0: any
  uint32_t vector;    // With this one, if it is free; 0: any
};

// Reply to RpcTakeQueue, and the request to give the number back.
struct RpcQueue {
  uint32_t queue_id;  // Of both queues
  int32_t vector;     // Interrupt vector, or -1
};

// Request: where a vector announces completions; with it a socket, or none to end it.
struct RpcBindWake {
  uint32_t vector;         // Of a queue of the client
  uint8_t reserved_4[4];
  uint64_t armed_address;  // I/O address of the word `armed`, in memory that is mapped
};

// Notice `event`: an asynchronous event; its log page follows.
struct RpcEvent {
  uint32_t dword0;   // Of the Asynchronous Event Request that completed
  uint32_t failed;   // 1: the log page could not be read
  uint64_t dropped;  // Events that the manager could not send before this one
};

// Notice `namespaces_changed`.
struct RpcNamespacesChanged {
  uint32_t namespace_id;  // Of one with the same counter, or FFFFFFFFh: of any
};

// How the vendor specific bytes begin of what an emulator says in Identify Controller.
struct RpcVendorIdentify {
  uint64_t data_identity;  // As in RpcWelcome, for programs that have no manager
  uint64_t complement;     // Its bits inverted, by which bytes of another vendor are told apart
};

// Reply to the request `status`; `client_count` of RpcStatusClient follow.
struct RpcStatus {
  uint32_t client_count;  // Clients, those that are leaving included
  uint8_t reserved_4[4];
};

// In the reply to the request `status`, one for each client.
struct RpcStatusClient {
  uint32_t client_id;       // As in RpcWelcome
  uint32_t pid;             // Process
  uint32_t uid;             // User
  uint32_t queue_pairs;     // Numbers that it has taken
  uint64_t mapped_bytes;    // Memory that the device may reach for it
  uint32_t mappings;        // Pieces of it
  uint32_t leaving;         // 1: its process has gone, and its queues are being deleted
  uint64_t io_commands;     // Fetched from its queues; all ones: nobody counts
  uint64_t admin_commands;  // Sent for it
  uint64_t connected_ns;    // For how long
  uint8_t reserved_56[8];
};

// Every size and every offset, checked by the compiler.
static_assert(sizeof(RpcHeader) == 16);
static_assert(offsetof(RpcHeader, code) == 0);
static_assert(offsetof(RpcHeader, error) == 2);
static_assert(offsetof(RpcHeader, id) == 4);
static_assert(offsetof(RpcHeader, os_error) == 8);
static_assert(offsetof(RpcHeader, nvme_status) == 12);
static_assert(sizeof(RpcHello) == 8);
static_assert(offsetof(RpcHello, version) == 0);
static_assert(offsetof(RpcHello, observer) == 4);
static_assert(sizeof(RpcWelcome) == 448);
static_assert(offsetof(RpcWelcome, version) == 0);
static_assert(offsetof(RpcWelcome, client_id) == 4);
static_assert(offsetof(RpcWelcome, bar_offset) == 16);
static_assert(offsetof(RpcWelcome, bar_byte_length) == 24);
static_assert(offsetof(RpcWelcome, doorbell_offset) == 32);
static_assert(offsetof(RpcWelcome, doorbell_byte_length) == 40);
static_assert(offsetof(RpcWelcome, doorbell_stride) == 48);
static_assert(offsetof(RpcWelcome, sleeping_offset) == 52);
static_assert(offsetof(RpcWelcome, uncached) == 56);
static_assert(offsetof(RpcWelcome, emulated) == 60);
static_assert(offsetof(RpcWelcome, wakes) == 64);
static_assert(offsetof(RpcWelcome, write_protected) == 68);
static_assert(offsetof(RpcWelcome, vectors) == 72);
static_assert(offsetof(RpcWelcome, takes_sgls) == 76);
static_assert(offsetof(RpcWelcome, transfer_bytes_max) == 80);
static_assert(offsetof(RpcWelcome, io_queue_pairs_max) == 88);
static_assert(offsetof(RpcWelcome, optional_events) == 92);
static_assert(offsetof(RpcWelcome, outlives_manager) == 96);
static_assert(offsetof(RpcWelcome, maps_files) == 100);
static_assert(offsetof(RpcWelcome, data_identity) == 104);
static_assert(offsetof(RpcWelcome, namespace_changes_offset) == 112);
static_assert(offsetof(RpcWelcome, name) == 128);
static_assert(offsetof(RpcWelcome, address) == 192);
static_assert(sizeof(RpcMap) == 24);
static_assert(offsetof(RpcMap, offset) == 0);
static_assert(offsetof(RpcMap, byte_length) == 8);
static_assert(offsetof(RpcMap, io_address) == 16);
static_assert(sizeof(RpcMapped) == 16);
static_assert(offsetof(RpcMapped, handle) == 0);
static_assert(offsetof(RpcMapped, run_count) == 8);
static_assert(sizeof(RpcRun) == 16);
static_assert(offsetof(RpcRun, io_address) == 0);
static_assert(offsetof(RpcRun, byte_length) == 8);
static_assert(sizeof(RpcUnmap) == 8);
static_assert(offsetof(RpcUnmap, handle) == 0);
static_assert(sizeof(RpcAdmin) == 72);
static_assert(offsetof(RpcAdmin, command) == 0);
static_assert(offsetof(RpcAdmin, timeout_ns) == 64);
static_assert(sizeof(RpcCompletion) == 80);
static_assert(offsetof(RpcCompletion, command) == 0);
static_assert(offsetof(RpcCompletion, dw0) == 64);
static_assert(offsetof(RpcCompletion, dw1) == 68);
static_assert(offsetof(RpcCompletion, status_field) == 72);
static_assert(offsetof(RpcCompletion, sq_head) == 74);
static_assert(offsetof(RpcCompletion, command_id) == 76);
static_assert(sizeof(RpcTakeQueue) == 12);
static_assert(offsetof(RpcTakeQueue, wakes) == 0);
static_assert(offsetof(RpcTakeQueue, queue_id) == 4);
static_assert(offsetof(RpcTakeQueue, vector) == 8);
static_assert(sizeof(RpcQueue) == 8);
static_assert(offsetof(RpcQueue, queue_id) == 0);
static_assert(offsetof(RpcQueue, vector) == 4);
static_assert(sizeof(RpcBindWake) == 16);
static_assert(offsetof(RpcBindWake, vector) == 0);
static_assert(offsetof(RpcBindWake, armed_address) == 8);
static_assert(sizeof(RpcEvent) == 16);
static_assert(offsetof(RpcEvent, dword0) == 0);
static_assert(offsetof(RpcEvent, failed) == 4);
static_assert(offsetof(RpcEvent, dropped) == 8);
static_assert(sizeof(RpcNamespacesChanged) == 4);
static_assert(offsetof(RpcNamespacesChanged, namespace_id) == 0);
static_assert(sizeof(RpcVendorIdentify) == 16);
static_assert(offsetof(RpcVendorIdentify, data_identity) == 0);
static_assert(offsetof(RpcVendorIdentify, complement) == 8);
static_assert(sizeof(RpcStatus) == 8);
static_assert(offsetof(RpcStatus, client_count) == 0);
static_assert(sizeof(RpcStatusClient) == 64);
static_assert(offsetof(RpcStatusClient, client_id) == 0);
static_assert(offsetof(RpcStatusClient, pid) == 4);
static_assert(offsetof(RpcStatusClient, uid) == 8);
static_assert(offsetof(RpcStatusClient, queue_pairs) == 12);
static_assert(offsetof(RpcStatusClient, mapped_bytes) == 16);
static_assert(offsetof(RpcStatusClient, mappings) == 24);
static_assert(offsetof(RpcStatusClient, leaving) == 28);
static_assert(offsetof(RpcStatusClient, io_commands) == 32);
static_assert(offsetof(RpcStatusClient, admin_commands) == 40);
static_assert(offsetof(RpcStatusClient, connected_ns) == 48);

}  // namespace nvm::spec

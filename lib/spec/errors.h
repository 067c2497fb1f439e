// SPDX-License-Identifier: MIT
// Generated from src/error-table.ts by `npx tsx scripts/generate.ts`: do not edit.
// Every way in which a call of peernvm can fail.
// clang-format off
#pragma once

#include <cerrno>
#include <cstdint>

namespace nvm {

enum class ErrorCode : uint16_t {
  NvmeStatus = 1,
  Timeout = 2,
  Closed = 3,
  Argument = 4,
  Range = 5,
  Alignment = 6,
  QueueFull = 7,
  QueueMode = 8,
  Busy = 9,
  Target = 10,
  Permission = 11,
  NoAdmin = 12,
  ControllerFatal = 13,
  ControllerGone = 14,
  Memory = 15,
  Memlock = 16,
  Iommu = 17,
  Driver = 18,
  Namespace = 19,
  Image = 20,
  Os = 21,
  Unsupported = 22,
  NoQueues = 24,
  Addon = 25,
  Platform = 26,
  Aborted = 27,
  QueueLost = 28,
  ControllerDisabled = 29,
  State = 30,
  Refused = 31,
  ManagerGone = 32,
  DataLost = 33,
};

// The code as NvmError.code has it.
constexpr const char* error_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::NvmeStatus: return "ERR_NVME_STATUS";
    case ErrorCode::Timeout: return "ERR_TIMEOUT";
    case ErrorCode::Closed: return "ERR_CLOSED";
    case ErrorCode::Argument: return "ERR_ARGUMENT";
    case ErrorCode::Range: return "ERR_RANGE";
    case ErrorCode::Alignment: return "ERR_ALIGNMENT";
    case ErrorCode::QueueFull: return "ERR_QUEUE_FULL";
    case ErrorCode::QueueMode: return "ERR_QUEUE_MODE";
    case ErrorCode::Busy: return "ERR_BUSY";
    case ErrorCode::Target: return "ERR_TARGET";
    case ErrorCode::Permission: return "ERR_PERMISSION";
    case ErrorCode::NoAdmin: return "ERR_NO_ADMIN";
    case ErrorCode::ControllerFatal: return "ERR_CONTROLLER_FATAL";
    case ErrorCode::ControllerGone: return "ERR_CONTROLLER_GONE";
    case ErrorCode::Memory: return "ERR_MEMORY";
    case ErrorCode::Memlock: return "ERR_MEMLOCK";
    case ErrorCode::Iommu: return "ERR_IOMMU";
    case ErrorCode::Driver: return "ERR_DRIVER";
    case ErrorCode::Namespace: return "ERR_NAMESPACE";
    case ErrorCode::Image: return "ERR_IMAGE";
    case ErrorCode::Os: return "ERR_OS";
    case ErrorCode::Unsupported: return "ERR_UNSUPPORTED";
    case ErrorCode::NoQueues: return "ERR_NO_QUEUES";
    case ErrorCode::Addon: return "ERR_ADDON";
    case ErrorCode::Platform: return "ERR_PLATFORM";
    case ErrorCode::Aborted: return "ERR_ABORTED";
    case ErrorCode::QueueLost: return "ERR_QUEUE_LOST";
    case ErrorCode::ControllerDisabled: return "ERR_CONTROLLER_DISABLED";
    case ErrorCode::State: return "ERR_STATE";
    case ErrorCode::Refused: return "ERR_REFUSED";
    case ErrorCode::ManagerGone: return "ERR_MANAGER_GONE";
    case ErrorCode::DataLost: return "ERR_DATA_LOST";
  }
  return "ERR_UNKNOWN";
}

// The errno that the C API returns.
constexpr int error_errno(ErrorCode code) {
  switch (code) {
    case ErrorCode::NvmeStatus: return EIO;
    case ErrorCode::Timeout: return ETIME;
    case ErrorCode::Closed: return EBADF;
    case ErrorCode::Argument: return EINVAL;
    case ErrorCode::Range: return EINVAL;
    case ErrorCode::Alignment: return EINVAL;
    case ErrorCode::QueueFull: return EAGAIN;
    case ErrorCode::QueueMode: return EPERM;
    case ErrorCode::Busy: return EBUSY;
    case ErrorCode::Target: return ENODEV;
    case ErrorCode::Permission: return EACCES;
    case ErrorCode::NoAdmin: return EPERM;
    case ErrorCode::ControllerFatal: return EIO;
    case ErrorCode::ControllerGone: return ENODEV;
    case ErrorCode::Memory: return ENOMEM;
    case ErrorCode::Memlock: return EPERM;
    case ErrorCode::Iommu: return EPERM;
    case ErrorCode::Driver: return EBUSY;
    case ErrorCode::Namespace: return ENXIO;
    case ErrorCode::Image: return EINVAL;
    case ErrorCode::Os: return EIO;
    case ErrorCode::Unsupported: return ENOTSUP;
    case ErrorCode::NoQueues: return ENOSPC;
    case ErrorCode::Addon: return ENOENT;
    case ErrorCode::Platform: return ENOSYS;
    case ErrorCode::Aborted: return ECANCELED;
    case ErrorCode::QueueLost: return ECONNRESET;
    case ErrorCode::ControllerDisabled: return ECONNRESET;
    case ErrorCode::State: return EINVAL;
    case ErrorCode::Refused: return EPERM;
    case ErrorCode::ManagerGone: return EPIPE;
    case ErrorCode::DataLost: return ENODATA;
  }
  return EIO;
}

// What happened, for C programs; {detail} stands for what varies.
constexpr const char* error_message(ErrorCode code) {
  switch (code) {
    case ErrorCode::NvmeStatus:
      return "The controller completed the command with an error: {detail}";
    case ErrorCode::Timeout: return "No completion came in time: {detail}";
    case ErrorCode::Closed: return "It is closed: {detail}";
    case ErrorCode::Argument: return "Wrong argument: {detail}";
    case ErrorCode::Range: return "Out of range: {detail}";
    case ErrorCode::Alignment: return "Not aligned: {detail}";
    case ErrorCode::QueueFull:
      return "The queue is full, so nvm_sq_enqueue() gave NULL for a slot: {detail}";
    case ErrorCode::QueueMode: return "The queue was created for another way of working: {detail}";
    case ErrorCode::Busy: return "It is in use: {detail}";
    case ErrorCode::Target: return "The target cannot be opened: {detail}";
    case ErrorCode::Permission: return "Permission denied: {detail}";
    case ErrorCode::NoAdmin: return "This reference does not own the admin queues: {detail}";
    case ErrorCode::ControllerFatal:
      return "The controller reports a fatal status (CSTS.CFS): {detail}";
    case ErrorCode::ControllerGone:
      return "The controller does not answer; its registers read as all ones: {detail}";
    case ErrorCode::Memory: return "Memory could not be had: {detail}";
    case ErrorCode::Memlock: return "Memory could not be locked for DMA: {detail}";
    case ErrorCode::Iommu:
      return "An IOMMU translates for this device, so physical addresses mean nothing to it: "
             "{detail}";
    case ErrorCode::Driver: return "Another driver holds the device: {detail}";
    case ErrorCode::Namespace: return "There is no such namespace: {detail}";
    case ErrorCode::Image: return "The image file cannot be used: {detail}";
    case ErrorCode::Os: return "The operating system refused: {detail}";
    case ErrorCode::Unsupported: return "Not supported here: {detail}";
    case ErrorCode::NoQueues: return "The controller has no queue pair left: {detail}";
    case ErrorCode::Addon: return "The native part of peernvm is not there: {detail}";
    case ErrorCode::Platform: return "peernvm runs on Linux x86-64 with glibc only: {detail}";
    case ErrorCode::Aborted: return "The command did not run to its end: {detail}";
    case ErrorCode::QueueLost:
      return "The queue was deleted under the command to recover from a failure: {detail}";
    case ErrorCode::ControllerDisabled:
      return "Somebody else disabled the controller under its queues: {detail}";
    case ErrorCode::State: return "The saved state of the emulator cannot be used: {detail}";
    case ErrorCode::Refused:
      return "The process that manages the controller refuses this: {detail}";
    case ErrorCode::ManagerGone:
      return "The process that manages the controller has gone: {detail}";
    case ErrorCode::DataLost: return "The blocks are not there any more: {detail}";
  }
  return "Unknown error: {detail}";
}

// What a C program can do about it.
constexpr const char* error_fix(ErrorCode code) {
  switch (code) {
    case ErrorCode::NvmeStatus:
      return "NVM_ERR_UNPACK_SCT() and NVM_ERR_UNPACK_SC() take the returned status apart; "
             "nvm_strerror() names it.";
    case ErrorCode::Timeout:
      return "The command may have been executed all the same. Where nothing answers any "
             "more, free the controller and open it again.";
    case ErrorCode::Closed:
      return "Open it again; nothing that was freed, or that a parent process opened, can be used.";
    case ErrorCode::Argument: return "Correct the argument that the message names.";
    case ErrorCode::Range: return "Stay within the limit that the message names.";
    case ErrorCode::Alignment:
      return "Use nvm_dma_create(), whose memory is aligned, or align address and length as "
             "the message says.";
    case ErrorCode::QueueFull:
      return "Look at what nvm_sq_enqueue() returns; consume completions first, or create a "
             "deeper queue.";
    case ErrorCode::QueueMode: return "Create one queue pair per way of working.";
    case ErrorCode::Busy:
      return "Close it there, or share it: nvm_rpc_enable() and `peernvm serve --socket` let "
             "several processes use one controller. Of a queue or a vector: take another number.";
    case ErrorCode::Target:
      return "nvm_ctrl_open() takes an image file, a PCI address such as 0000:05:00.0, the "
             "socket of a process that serves a controller, or NULL for an emulator in memory; nvm_ctrl_init() an open image, resource0 or connection to a vfio-user server.";
    case ErrorCode::Permission: return "Run as a user who may open it, or change its permissions.";
    case ErrorCode::NoAdmin:
      return "Only the manager can: the process whose nvm_aq_create() has reset the controller.";
    case ErrorCode::ControllerFatal:
      return "Let go of the admin queues with nvm_aq_destroy() and create them again, which "
             "resets the controller.";
    case ErrorCode::ControllerGone:
      return "Check that the device is powered and present (lspci), or that the process which "
             "serves it runs; then open it again.";
    case ErrorCode::Memory: return "Ask for less, or raise the limit that the message names.";
    case ErrorCode::Memlock:
      return "Raise the limit: ulimit -l unlimited (or LimitMEMLOCK=infinity for a service).";
    case ErrorCode::Iommu:
      return "Bind it to vfio-pci (echo vfio-pci > driver_override, then drivers_probe) and "
             "open it again.";
    case ErrorCode::Driver:
      return "Unbind it: echo ADDRESS > /sys/bus/pci/devices/ADDRESS/driver/unbind. Unmount "
             "its file systems first.";
    case ErrorCode::Namespace:
      return "Use a namespace id that identify lists; they start at 1. One that has changed "
             "is to be asked for anew.";
    case ErrorCode::Image:
      return "Give a regular file whose size is a multiple of the block size, or a size to "
             "create it with.";
    case ErrorCode::Os:
      return "Look up the errno in the manual page of the call that the message names; repeat "
             "when its cause is gone.";
    case ErrorCode::Unsupported:
      return "Do what the message offers instead, or use a controller that has it: `peernvm "
             "identify --human` shows what one has.";
    case ErrorCode::NoQueues: return "Close a queue pair, or share one.";
    case ErrorCode::Addon:
      return "Build it: npx peernvm build (needs g++ and cmake: apt-get install g++ cmake).";
    case ErrorCode::Platform:
      return "Run it on such a machine: a virtual machine with Debian, Ubuntu or Fedora on "
             "x86-64 will do.";
    case ErrorCode::Aborted:
      return "The queue or the controller was closed, or the program gave up; open it again "
             "and repeat the command.";
    case ErrorCode::QueueLost:
      return "Create the queue again and repeat the command, which may or may not have been "
             "executed.";
    case ErrorCode::ControllerDisabled:
      return "Find the program that resets it; share the controller instead "
             "(nvm_rpc_enable(), nvm_rpc_bind()).";
    case ErrorCode::State:
      return "Give it whole and unchanged, as this or an older version saved it. Without its "
             ".peernvm file an image is opened as a plain one.";
    case ErrorCode::Refused:
      return "Ask for less, or let whoever serves the controller allow it in its policy.";
    case ErrorCode::ManagerGone:
      return "Start it again, then open its socket again with nvm_ctrl_open().";
    case ErrorCode::DataLost:
      return "They ended with the process that had them in memory, or their image was "
             "replaced. Open the socket again to use what is served now; serve an image to keep blocks, or load what was saved.";
  }
  return "";
}

}  // namespace nvm

// SPDX-License-Identifier: MIT
// The public surface of peernvm: exports only.

export type {
  Admin,
  AdminCommand,
  AdminCompletion,
  IdentifyController,
  IdentifyNamespace,
} from './admin.ts'
export type { Controller, ControllerInfo, OpenOptions, Role } from './controller.ts'
export { openController } from './controller.ts'
export type { DescriptorToken, DmaDescriptor, IoRun } from './dma.ts'
export type { ServeOptions } from './emulator.ts'
export { type EmulatorServer, serveEmulator } from './emulator.ts'
export type { ErrorCode, FailedCommand, NvmeStatus } from './errors.ts'
export { NvmError } from './errors.ts'
export type { Namespace, NamespaceRead, NamespaceWrite } from './namespace.ts'
export type { QueueMode, QueuePair, QueuePairOptions, QueueStats } from './queue.ts'
export type { AwaitQueuePair } from './queue-await.ts'
export type { Batch, BatchOptions } from './queue-batch.ts'
export type { CompletionQueue, RawQueuePair, SubmissionQueue } from './queue-raw.ts'
export type { DataTarget, ReadRequest, WriteRequest } from './queue-transfer.ts'
export type { ControllerToken, EmulatorOptions, Target } from './target.ts'

// SPDX-License-Identifier: MIT
// The public surface of peernvm: exports only.

/**
 * The functions, classes and types of peernvm, by what they are for. One uses them in this order:
 *
 * 1. {@link openController} opens a controller: an image, a PCI device, a socket, or an emulator
 *    in memory. {@link startEmulator} makes an emulated device of one's own, with faults and
 *    counters.
 * 2. A {@link Controller} gives namespaces ({@link Controller.namespace}), memory that the device
 *    reaches ({@link Controller.allocate}, {@link Controller.map}), queue pairs
 *    ({@link Controller.createQueuePair}), and `admin`. Everything that it gave ends with its
 *    `close()`.
 * 3. A {@link Namespace} reads and writes blocks with promises, by way of the controller's own
 *    queue or one that is named. Data is a `Uint8Array`, which is copied, or a
 *    {@link DmaDescriptor}, which is not.
 * 4. Queue pairs are for more control: an {@link AwaitQueuePair} for a depth, a timeout or a
 *    histogram of its own; a {@link RawQueuePair} for loops without promises, in TypeScript or by
 *    a {@link Batch}.
 * 5. {@link Admin} has the admin commands: identify, logs, features, formats, namespaces.
 * 6. {@link Controller.serve} makes a {@link ControllerServer}: other processes open its socket and
 *    have all of the above.
 *
 * ```ts
 * import { openController } from 'peernvm'
 *
 * await using controller = await openController('disk.img')
 * const namespace = await controller.namespace(1)
 * using batch = await controller.allocate(64 * 4096)
 * const blocks = 4096 / namespace.blockSize
 * const records = Array.from({ length: 64 }, (_, i) => ({
 *   lba: i * blocks,
 *   into: batch.view(i * 4096, 4096),
 * }))
 * await namespace.readMany(records)
 * ```
 *
 * All that fails is an {@link NvmError}, whose `code` and `fix` say what to do. Names of fields,
 * features, codes and statuses are the specification's: [the list](../docs/fields.md). What a
 * program needs first is in [getting started](../docs/getting-started.md), what the words mean in
 * [concepts](../docs/concepts.md).
 * @document ../docs/getting-started.md
 * @document ../docs/concepts.md
 * @document ../docs/limits.md
 * @document ../docs/errors.md
 * @document ../docs/fields.md
 * @document ../docs/cli.md
 * @document ../docs/results.md
 * @document ../docs/c-api.md
 * @document ../docs/architecture.md
 * @packageDocumentation
 */

export type { Admin } from './admin/admin.ts'
export type { CodeName } from './admin/codes.ts'
export type { AdminCommand, AdminOptions } from './admin/command.ts'
export type { FeatureName } from './admin/feature-table.ts'
export type {
  FeatureAnswer,
  FeatureCapabilities,
  FeaturePart,
  FeatureSelect,
  FeatureValue,
  GetFeatureOptions,
  RawFeature,
  RawFeatureRequest,
  RawFeatureValue,
  SetFeatureOptions,
} from './admin/features.ts'
export type {
  IdentifyController,
  IdentifyControllerNvm,
  IdentifyNamespace,
  IdentifyNamespaceIndependent,
  IdentifyNamespaceNvm,
  IdentifyRequest,
  NamespaceDescriptors,
} from './admin/identify.ts'
export type {
  CommandEffectsLog,
  ErrorLogEntry,
  FirmwareSlotLog,
  LogPageOptions,
  LogPageRequest,
  SanitizeStatusLog,
  SelfTestLog,
  SmartLog,
} from './admin/log-pages.ts'
export type { SanitizeOptions, SelfTestOptions } from './admin/maintenance.ts'
export type { CreateNamespaceOptions, FormatOptions, LayoutOptions } from './admin/namespaces.ts'
export type { BlockRange } from './block-ranges.ts'
export type { CommandCompletion, CommandWords } from './command-words.ts'
export type { Controller, ControllerInfo } from './controller.ts'
export type {
  DataPath,
  DescriptorToken,
  DmaDescriptor,
  IoRun,
  MemoryKind,
  PeerRange,
} from './dma.ts'
export type {
  AddedCommand,
  CommandAnswer,
  CommandHandler,
  ReceivedCommand,
} from './emulator/commands.ts'
export type {
  EmulatedController,
  Emulator,
  InjectedFault,
  SaveOptions,
} from './emulator/emulator.ts'
export { startEmulator } from './emulator/emulator.ts'
export type { Fault, FaultMatch } from './emulator/faults.ts'
export type {
  EmulatorOptions,
  IdentityOptions,
  LimitOptions,
  NamespaceOptions,
  TimingModelName,
  TimingOptions,
} from './emulator/options.ts'
export type { DoorbellMode, EmulatorServer, ServeOptions } from './emulator/server.ts'
export type { ErrorCode, FailedCommand, NvmErrorDetails, NvmeStatus } from './errors.ts'
export { NvmError } from './errors.ts'
export type { EventInfo, EventType, NvmeEvent } from './events/event.ts'
export type { EventIterator, EventsOptions } from './events/iterator.ts'
export type { HistogramStep } from './histogram.ts'
export { Histogram } from './histogram.ts'
export type {
  Namespace,
  NamespaceCompare,
  NamespaceCopy,
  NamespaceFormat,
  NamespaceRange,
  NamespaceRead,
  NamespaceWrite,
  NamespaceWriteZeroes,
} from './namespace.ts'
export type { ControllerStats } from './native/binding.ts'
export { type OpenOptions, openController, type Role } from './open.ts'
export type { AwaitQueuePair, FlushRequest } from './queue/await.ts'
export type { Batch, BatchOptions } from './queue/batch.ts'
export type { Data, DataTarget } from './queue/command.ts'
export type { IoCommand } from './queue/io-command.ts'
export type { QueueMode, QueuePair, QueuePairOptions, QueueStats } from './queue/pair.ts'
export type { CompletionQueue, RawQueuePair, SubmissionQueue } from './queue/raw.ts'
export type {
  BlockRequest,
  GroupedRead,
  GroupedWrite,
  ReadRequest,
  RequestOptions,
  WriteRequest,
} from './queue/request.ts'
export type { ReconnectOptions } from './reconnect.ts'
export type {
  ControllerServer,
  SharingClient,
  SharingLimits,
  SharingOptions,
  SharingPolicy,
  SharingStatus,
} from './rpc/server.ts'
export { readSharing } from './rpc/server.ts'
export type { Decoded, DecodedBits } from './spec/decode.ts'
export { decode, decodeBits } from './spec/decode.ts'
export type { BitLayoutName, CodeSet, StatusName, StructureName } from './spec/nvme.ts'
export type { ControllerToken, Target } from './target.ts'
export type { CompletedCommand, SubmittedCommand } from './trace.ts'
